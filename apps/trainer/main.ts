import { type AppContext, defineApp } from '#lib/app/app.ts'
import { countUnreadable } from '#lib/codec/decode-known.ts'
import { defaultRetraining } from '#lib/learning/retraining.ts'
import { openTracker } from '#lib/tracking/open-tracker.ts'
import type { TrainingRun } from '#schemas/types.ts'
import { settings } from './config.ts'
import { watchMarket } from './market-watch.ts'
import { createTrainer } from './trainer.ts'
import { joinTrainings } from './trainings.ts'
import { workInProcess } from './worker-process.ts'
import { writeDown } from './write-down.ts'

const caughtUp = 'caught up with market.events, models and listings.scored'

export const app = defineApp({
  name: 'trainer',
  summary: 'trains models by itself: by the clock, and when the one in force grows old, drifts or stops earning',
  settings,
  async start(context: AppContext<typeof settings>) {
    const { config, prefix, log, codec, clock, logger, metrics, health, store } = context
    await codec.prepare(['TrainingRun'])
    health.expect(caughtUp)
    const tracker = openTracker(config)
    const market = await watchMarket({ log, codec, prefix })
    const trainings = await joinTrainings({
      ...{ log, codec, prefix, clock },
      sessionTimeoutMillis: config.SESSION_TIMEOUT_MILLISECONDS,
      onUnreadable: countUnreadable(metrics)('trainings'),
    })
    const { onBegun, onEnded } = trainingMetrics(context)
    let trainer: ReturnType<typeof createTrainer> | null = null
    const ready = market.caughtUp.then(() => {
      health.set(caughtUp, true)
      trainer = createTrainer({
        ...{ market, trainings, clock, onBegun, onEnded },
        retraining: {
          ...defaultRetraining,
          hour: config.TRAINER_HOUR,
          oldestDays: config.TRAINER_OLDEST_DAYS,
          manySales: config.TRAINER_MANY_SALES,
          hoursApart: config.TRAINER_HOURS_APART,
        },
        days: config.TRAINER_DAYS,
        lookMillis: config.TRAINER_LOOK_SECONDS * 1_000,
        codeVersion: config.CODE_VERSION,
        work: (run, onStep, signal) => workInProcess(run, { onStep, signal, onLine: (line) => logger.info({ line }, 'training') }),
        // The model is stored by now: a tracker that is away must not undo that.
        writeDown: (run) =>
          writeDown(tracker, store, run).catch((error: Error) =>
            logger.error({ trainingId: run.trainingId, problem: error.message }, `not written down at ${tracker.place}`),
          ),
      })
      return trainer.finished
    })
    const finished = Promise.race([market.finished, trainings.finished, ready.then(() => market.finished)])
    finished.catch(() => {})
    return {
      finished,
      async stop() {
        await trainer?.stop()
        await market.stop()
        await trainings.stop()
      },
    }
  },
})

const statuses = ['finished', 'refused', 'failed'] as const

function trainingMetrics({ metrics, logger, clock }: AppContext) {
  const count = metrics.counter(
    'trainings_total',
    'Trainings that ended: with a model for the market, refused with a reason, or failed.',
    ['status'],
    statuses.map((status) => ({ status })),
  )
  const seconds = metrics.gauge('training_duration_seconds', 'How long the newest training took, by step.', ['step'])
  const endedAt = metrics.gauge('training_finished_seconds', 'When the newest training ended with a model for the market.')
  let underWay = false
  metrics.reading('training_under_way', 'Whether a training is under way: 1, or 0.', () => Number(underWay))
  return {
    onBegun({ trainingId, trigger, reason, attempts }: TrainingRun) {
      underWay = true
      logger.info({ trainingId, trigger, reason, attempts }, 'training begins')
    },
    onEnded({ trainingId, status, conclusion, modelId, steps }: TrainingRun) {
      underWay = false
      if (status === 'running') return
      count(1, { status })
      for (const { name, startedAt, endedAt } of steps) if (endedAt !== null) seconds((endedAt - startedAt) / 1_000, { step: name })
      if (status === 'finished') endedAt(clock.now() / 1_000)
      logger[status === 'failed' ? 'error' : 'info']({ trainingId, modelId, conclusion }, `training ${status}`)
    },
  }
}
