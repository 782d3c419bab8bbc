/** One training, as a process of its own at the lowest priority: pricing goes first. Told what to do by worker-process.ts. */
import { constants, setPriority } from 'node:os'
import { join } from 'node:path'
import { commonSettings } from '#lib/app/common-settings.ts'
import { type Config, parseConfig } from '#lib/app/config.ts'
import { systemClock as clock } from '#lib/clock/clock.ts'
import { checkoutRoot } from '#lib/stack/resolve.ts'
import { createLogger } from '#lib/telemetry/logger.ts'
import { openTrainingServers } from '#lib/training/open-servers.ts'
import type { Conclusion } from '#lib/training/pipeline/training-run.ts'
import { defaultTrainingSettings, fastTrainingSettings } from '#lib/training/training-settings.ts'
import type { TrainingRun } from '#schemas/types.ts'
import { settings } from './config.ts'
import { trainOnMarket } from './training.ts'
import type { WorkerMessage } from './worker-process.ts'

type WorkerConfig = Config<typeof commonSettings> & Config<typeof settings>

process.once('disconnect', () => process.exit(1))
process.once('message', (run: TrainingRun) => {
  setPriority(constants.priority.PRIORITY_LOW)
  const config = parseConfig({ ...commonSettings, ...settings }, process.env) as WorkerConfig
  train(run, config).then(
    (conclusion) => tell({ type: 'end', conclusion }, () => process.exit(0)),
    (error: Error) => {
      process.stderr.write(`${error.message.split('\n')[0]}\n`)
      process.exit(1)
    },
  )
})

const tell = (message: WorkerMessage, done: () => void = () => {}): void => void process.send?.(message, done)
const say = (line: string): void => void process.stderr.write(`${line}\n`)

async function train(run: TrainingRun, config: WorkerConfig): Promise<Conclusion> {
  const servers = openTrainingServers(config, 'trainer-worker', createLogger('trainer', config.LOG_LEVEL))
  try {
    return await trainOnMarket(run, servers, {
      settings: config.TRAINER_SETTINGS === 'fast' ? fastTrainingSettings : defaultTrainingSettings,
      backend: config.TF_BACKEND,
      maxWorsening: config.TRAINER_MOST_WORSE,
      folder: {
        directory: config.TRAINER_FOLDER ?? join(checkoutRoot, '.flipstream', 'training'),
        maxBytes: config.TRAINER_FOLDER_MEGABYTES * 1e6,
        clock,
        say,
      },
      onStep: (news) => tell({ type: 'step', news }),
    })
  } finally {
    await servers.log.close()
  }
}
