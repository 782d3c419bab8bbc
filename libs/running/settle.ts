import type { Clock } from '#lib/clock/clock.ts'
import { RetryableError } from '#lib/errors/errors.ts'
import { type TopicName, topicName } from '#lib/market/topics.ts'
import type { LogAdmin } from '#lib/stream/log.ts'
import type { Observer } from './observer.ts'

export type Reader = Readonly<{ app: string; input: TopicName }>

const pollMillis = 100
const quietMillis = 2_000

type Settling = Readonly<{ admin: LogAdmin; observer: Observer; prefix: string; clock: Clock; readers: readonly Reader[] }>

/**
 * Waits until every reader has committed past the last record that a reader can see of its input, front to back: then nothing is on
 * its way any more. Offsets alone do not tell (a transaction's marker takes one and is never consumed), so what was seen is compared.
 * False when it takes longer than `timeoutMillis`.
 */
export async function settle(settling: Settling, timeoutMillis: number): Promise<boolean> {
  const deadline = settling.clock.monotonic() + timeoutMillis
  for (const { app, input } of settling.readers) {
    while (!(await isAtRest(settling, app, input))) {
      if (settling.clock.monotonic() >= deadline) return false
      await settling.clock.sleep(pollMillis)
    }
  }
  return true
}

/** A log that does not answer may do so before the time is up. */
async function isAtRest(settling: Settling, app: string, input: TopicName): Promise<boolean> {
  try {
    return (await isSeen(settling, input)) && (await isDone(settling, app, input))
  } catch (error) {
    if (error instanceof RetryableError) return false
    throw error
  }
}

/** The observer has read the topic to its end: up to the last marker, or (behind aborted records) until nothing came for a while. */
async function isSeen({ admin, observer, prefix }: Settling, input: TopicName): Promise<boolean> {
  const seen = observer.ends(input)
  const offsets = await admin.offsets(topicName(prefix, input))
  return offsets.every(({ partition, next }) => (seen.get(partition) ?? 0) >= next - 1) || observer.quietForMillis() >= quietMillis
}

async function isDone({ admin, observer, prefix }: Settling, app: string, input: TopicName): Promise<boolean> {
  const topic = topicName(prefix, input)
  for (const [partition, end] of observer.ends(input)) {
    const committed = await admin.committed(`${prefix}${app}`, { topic, partition })
    if ((committed?.offset ?? 0) < end) return false
  }
  return true
}
