import type { Clock } from '#lib/clock/clock.ts'
import { MarketplaceError } from '#lib/marketplace/errors.ts'
import type { Health } from '#lib/telemetry/health.ts'
import type { Logger } from '#lib/telemetry/logger.ts'

export type LaneOptions = Readonly<{
  /** In log lines and in /readyz. */
  name: string
  everyMillis: number
  /** Once. MarketplaceError: again later. Anything else ends the lane, and the collector. */
  task(): Promise<void>
  clock: Clock
  logger: Logger
  health: Health
  /** Its turns are the app's: a task that never ends is a hang. */
  isMain?: boolean
  stopping: AbortSignal
}>

const firstWaitMillis = 500
const maxWaitMillis = 30_000
/** Nothing but a person helps: no hurry, but nobody has to restart us either. */
const unauthorizedWaitMillis = 60_000

/**
 * Does a task again and again until it is told to stop. A marketplace that is away, or that refuses the key, makes the app not ready; it
 * never ends it. Said once when it begins and once when it is over.
 */
export async function runLane(options: LaneOptions): Promise<void> {
  const { name, everyMillis, clock, logger, health, stopping } = options
  let failures = 0
  const sleep = (millis: number) => clock.sleep(Math.max(0, millis), stopping).catch(() => {})
  health.expect(name)
  while (!stopping.aborted) {
    const startedAt = clock.monotonic()
    try {
      await turn(options)
      if (failures > 0) logger.info({ lane: name, failures }, 'the marketplace answers again')
      failures = 0
      health.set(name, true)
      await sleep(startedAt + everyMillis - clock.monotonic())
    } catch (error) {
      if (stopping.aborted || (error instanceof MarketplaceError && error.code === 'closed')) return
      if (!(error instanceof MarketplaceError)) throw error
      failures++
      health.set(name, false, `${error.code}: ${error.message}`)
      if (failures === 1) complain(error, name, logger)
      await sleep(waitMillis(error, failures))
    }
  }
}

async function turn({ task, health, isMain = false }: LaneOptions): Promise<void> {
  if (!isMain) return task()
  health.turned(true)
  try {
    await task()
  } finally {
    // What comes now is waiting, however long.
    health.turned(false)
  }
}

function complain({ code, message, transient }: MarketplaceError, lane: string, logger: Logger): void {
  if (transient) logger.warn({ lane, code }, `${message}; trying again`)
  else logger.error({ lane, code }, `${message}; somebody has to look at this. Trying again from time to time`)
}

function waitMillis(error: MarketplaceError, failures: number): number {
  if (error.code === 'unauthorized' || error.code === 'forbidden') return unauthorizedWaitMillis
  if (error.code === 'challenged') return Math.max(error.retryAfterMillis ?? 0, maxWaitMillis)
  // What is spent until tonight costs no request to look at again: it may be given back before.
  const wait = Math.min(error.retryAfterMillis ?? 0, maxWaitMillis)
  return Math.max(wait, Math.min(maxWaitMillis, firstWaitMillis * 2 ** Math.min(failures - 1, 10)))
}
