import type { Clock } from '#lib/clock/clock.ts'
import type { LogRecord } from '#lib/stream/log.ts'

/** When records are due: at the pace in which they once came into the log, times the speed. */
export type Pacer = Readonly<{
  /** Milliseconds from now; 0 when it is time, or past it. */
  untilDue(record: LogRecord): number
}>

/** `speed`: times the recorded pace; infinite: as fast as it goes. `start`: the log's timestamp that is due now. */
export function createPacer({ clock, speed, start }: { clock: Clock; speed: number; start: number }): Pacer {
  const begun = clock.monotonic()
  return {
    untilDue: ({ timestamp }) =>
      speed === Number.POSITIVE_INFINITY ? 0 : Math.max(0, begun + (timestamp - start) / speed - clock.monotonic()),
  }
}

export type BatchLimits = Readonly<{ maxRecords: number; maxBytes: number }>

/** Records in order, in batches for one transaction each: all that is due by now, up to the limits; never empty. */
export async function* dueBatches(
  records: AsyncIterable<LogRecord>,
  { pacer, clock, limits, signal }: { pacer: Pacer; clock: Clock; limits: BatchLimits; signal: AbortSignal },
): AsyncGenerator<LogRecord[]> {
  let batch: LogRecord[] = []
  let bytes = 0
  for await (const record of records) {
    const size = record.value?.length ?? 0
    const wait = pacer.untilDue(record)
    if (batch.length > 0 && (wait > 0 || batch.length >= limits.maxRecords || bytes + size > limits.maxBytes)) {
      yield batch
      batch = []
      bytes = 0
    }
    if (wait > 0) await clock.sleep(wait, signal)
    batch.push(record)
    bytes += size
  }
  if (batch.length > 0) yield batch
}
