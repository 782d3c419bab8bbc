import type { Clock } from '#lib/clock/clock.ts'
import { RetryableError } from '#lib/errors/errors.ts'
import type { Log } from '#lib/stream/log.ts'
import type { Logger } from '#lib/telemetry/logger.ts'

const pollMillis = 100
/** A reader that is away must not keep a market unread. */
const maxMillis = 120_000

export type Reading = Readonly<{ log: Log; clock: Clock; logger: Logger; group: string; topic: string; stopping: AbortSignal }>

/**
 * Resolves when the group has committed all that the topic holds now. What is new would wait behind it anyway: the first listings would
 * be priced seconds late, and their latency would be the history's. After two minutes it resolves all the same.
 */
export async function untilRead({ log, clock, logger, group, topic, stopping }: Reading): Promise<void> {
  const begun = clock.monotonic()
  const admin = log.admin()
  try {
    const ends = await admin.offsets(topic)
    while (!stopping.aborted) {
      const committed = await Promise.all(ends.map(({ partition }) => admin.committed(group, { topic, partition })))
      const waited = clock.monotonic() - begun
      // The last offset may be the marker of a transaction, which nobody commits.
      if (ends.every(({ next }, index) => (committed[index]?.offset ?? 0) >= next - 1)) {
        logger.info({ group, millis: Math.round(waited) }, 'history has been read: going live')
        return
      }
      if (waited > maxMillis) {
        logger.warn({ group, seconds: maxMillis / 1_000 }, 'history is not read yet: going live all the same')
        return
      }
      await clock.sleep(pollMillis, stopping).catch(() => {})
    }
  } catch (error) {
    if (!(error instanceof RetryableError)) throw error
    logger.warn({ problem: error.message }, 'cannot tell whether history has been read: going live')
  } finally {
    await admin.close()
  }
}
