import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock as clock } from '#lib/clock/clock.ts'
import { minuteMillis } from '#lib/clock/durations.ts'
import { FatalError } from '#lib/errors/errors.ts'
import { consumers, pricingStages } from '#lib/market/consumers.ts'
import { appEnvironment } from '#lib/running/app-environment.ts'
import type { AppHandle } from '#lib/running/app-handle.ts'
import { startObserver } from '#lib/running/observer.ts'
import { createProcesses } from '#lib/running/processes.ts'
import { runsDirectory } from '#lib/running/runs.ts'
import { settle } from '#lib/running/settle.ts'
import { checkoutRoot } from '#lib/stack/resolve.ts'
import type { ReplayContext } from './replay-context.ts'

const readyMillis = 60_000
const settleMillis = 600_000

/** The stages that make alerts out of events, as processes of their own, unchanged: only their prefix is the replay's. */
export async function startPipeline({ stack, backend, prefix, env, progress, signal }: ReplayContext) {
  const directory = join(runsDirectory(checkoutRoot), prefix.replace(/\.$/, ''))
  mkdirSync(directory, { recursive: true })
  const startApp = createProcesses({ environment: appEnvironment(env, stack, prefix), logDirectory: directory })
  const handles = pricingStages.map((name) => startApp(name))
  const observer = await startObserver({ ...backend, prefix, clock, alsoSeen: [] })
  let stopping = false
  const crashed = Promise.race(
    handles.map(async (handle) => {
      const how = await handle.exited
      if (!stopping) throw new FatalError(`${handle.name} ended by itself (${how}). Its last words:\n${handle.lastLogLines(5)}`)
    }),
  )
  crashed.catch(() => {})
  const stop = async () => {
    stopping = true
    await Promise.all(handles.map((handle) => handle.stop()))
    await observer.stop()
  }
  try {
    progress.say(`starting ${pricingStages.join(', ')} on ${prefix}* (logs in .flipstream/runs/${prefix.replace(/\.$/, '')})`)
    await Promise.race([crashed, untilReady(handles)])
  } catch (error) {
    await stop()
    throw error
  }
  return {
    stop,
    /** Until every stage has done all that was replayed. */
    async settle(): Promise<void> {
      const admin = backend.log.admin()
      const readers = consumers.filter(({ app }) => (pricingStages as readonly string[]).includes(app))
      const waiting = settle({ admin, observer, prefix, clock, readers }, settleMillis)
      const showing = setInterval(() => progress.status(`scored ${observer.counts.scored}  alerts ${observer.counts.alerts}`), 500)
      try {
        const settled = await Promise.race([crashed, waiting])
        if (settled === false) throw new FatalError(`the pipeline did not come to rest within ${settleMillis / minuteMillis} minutes`)
        if (signal.aborted) throw new FatalError('interrupted before the pipeline had come to rest')
        const { scored, alerts, deadLetters } = observer.counts
        progress.say(`${scored} listings scored, ${alerts} alerts, ${deadLetters} dead letters`)
      } finally {
        clearInterval(showing)
        await admin.close()
      }
    },
  }
}

async function untilReady(handles: readonly AppHandle[]): Promise<void> {
  const deadline = clock.monotonic() + readyMillis
  for (const handle of handles) {
    await handle.started
    while (!(await handle.health()).ready) {
      if (clock.monotonic() > deadline)
        throw new FatalError(`${handle.name} is not ready after ${readyMillis / 1_000} s. Its last words:\n${handle.lastLogLines(5)}`)
      await clock.sleep(50)
    }
  }
}
