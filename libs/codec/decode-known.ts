import { RejectedError } from '#lib/errors/errors.ts'
import type { TopicName } from '#lib/market/topics.ts'
import type { Metrics } from '#lib/telemetry/metrics.ts'
import type { RecordName, RecordTypes } from '#schemas/types.ts'
import type { Codec } from './codec.ts'

/** An app has one such counter, whoever of it asks. */
const counters = new WeakMap<Metrics, (topic: TopicName) => () => void>()

/** Counts, by topic, what `decodeKnown` passes over. */
export function countUnreadable(metrics: Metrics): (topic: TopicName) => () => void {
  const known = counters.get(metrics)
  if (known !== undefined) return known
  const count = metrics.counter('unreadable_records_total', 'Records of compacted topics that no schema of ours reads.', ['topic'])
  const counting = (topic: TopicName) => () => count(1, { topic })
  counters.set(metrics, counting)
  return counting
}

/**
 * A value of a compacted topic, which is read from its beginning at every start. Null: a tombstone, or bytes that no schema of ours reads.
 * Those say nothing, and to end for them would end every later start as well: they are passed over, and counted.
 * RetryableError where the schema cannot be had now.
 */
export async function decodeKnown<Name extends RecordName>(
  codec: Pick<Codec, 'decode'>,
  schema: Name,
  value: Buffer | null,
  onUnreadable?: () => void,
): Promise<RecordTypes[Name] | null> {
  if (value === null) return null
  try {
    return await codec.decode(schema, value)
  } catch (error) {
    if (!(error instanceof RejectedError)) throw error
    onUnreadable?.()
    return null
  }
}
