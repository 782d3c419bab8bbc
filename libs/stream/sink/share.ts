import type { Consumer, FetchedBatch, LogAdmin, TopicPartition } from '#lib/stream/log.ts'
import { createOffsetHistory } from '#lib/stream/runtime/offset-history.ts'
import type { RunnerMetrics } from '#lib/stream/runtime/runner-metrics.ts'
import { refuseTopicMadeAnew } from '#lib/stream/runtime/same-topic.ts'
import { createHand, type Hand } from './hand.ts'
import { isFull, mayPause, mustSeek, queueOf } from './share-state.ts'
import type { SinkRunnerOptions } from './sink-runner.ts'

/** A partition as assigned now: what was handed over of it, and what its sink does with that. */
export interface Share {
  /** Resolves when there is room for the next batch, or its partition is paused. */
  take(batch: FetchedBatch): Promise<void>
  /** Gives a sink that rests the chance to finish what time alone finishes. */
  lookAtIdle(): void
  /** Resolves when the batch in the sink's hands is done. */
  settled(): Promise<void>
  close(): Promise<void>
  /** For the watch of the lag: whether all that was handed over is written, since when the oldest that is not, and that is not durable. */
  isDone(): boolean
  inHandSince(): number | null
  uncommittedSince(): number | null
}

export type ShareOptions = Pick<SinkRunnerOptions, 'group' | 'name' | 'clock' | 'logger' | 'health' | 'open'> &
  Readonly<{
    partition: TopicPartition
    metrics: RunnerMetrics
    admin: LogAdmin
    consumer: Consumer
    stopping: AbortSignal
    /** Tries again, for ever and visibly, what fails because something is away. Rejects when the app stops meanwhile. */
    persevere<T>(attempt: () => Promise<T>): Promise<T>
    fail(error: unknown): void
  }>

/** How long a batch waits for room before its partition is paused. Well below any session timeout. */
const patienceMillis = 1_000

export function createShare(options: ShareOptions): Share {
  const { partition, group, clock, logger, admin, consumer, open, persevere, fail } = options
  const committed = persevere(async () => {
    await refuseTopicMadeAnew(admin, group, partition)
    return admin.committed(group, partition)
  })
  const opening = committed.then((position) => persevere(async () => open(partition, position)))
  const startsAt = committed.then((position) => position?.offset ?? null)
  // Whoever waits for it meets the error; one that nobody waits for yet must not end the process.
  opening.catch(fail)
  startsAt.catch(() => {})
  /** When what was taken went beyond an offset. */
  const history = createOffsetHistory()
  const hand = createHand(options, opening)

  return {
    async take(batch) {
      const start = await startsAt
      if (!batch.isCurrent()) return
      if (mustSeek(hand.state(), start, batch)) return consumer.seek(batch, start!)
      const newest = batch.records.at(-1)
      if (newest !== undefined) history.passed(newest.offset + 1, clock.monotonic())
      hand.take(batch)
      await roomIn(hand, batch, options)
      if (!mayPause(hand.state()) || !hand.isOurs()) return
      hand.move({ type: 'paused' })
      consumer.pause(batch)
    },
    lookAtIdle: hand.lookAtIdle,
    settled: hand.settled,
    async close() {
      hand.move({ type: 'closed' })
      await hand.settled()
      const sink = await opening.catch(() => null)
      await sink?.close?.().catch((error: Error) => logger.warn({ ...partition, problem: error.message }, 'closing a sink'))
    },
    isDone: () => queueOf(hand.state()).length === 0,
    inHandSince: () => queueOf(hand.state())[0]?.records[0]?.timestamp ?? null,
    uncommittedSince: () => history.beyond(hand.state().committed),
  }
}

/**
 * A sink that keeps up is waited for: a resume takes effect only after the fetch under way, half a second on quiet topics, and would cost
 * more than the wait. One that does not keep up must not hold back the other partitions: its own is paused then.
 */
async function roomIn(hand: Hand, batch: FetchedBatch, { clock, stopping }: ShareOptions): Promise<void> {
  const enough = new AbortController()
  let patient = true
  const impatience = clock.sleep(patienceMillis, AbortSignal.any([enough.signal, stopping])).catch(() => {})
  void impatience.then(() => {
    patient = false
  })
  while (isFull(hand.state()) && hand.isOurs() && batch.isCurrent() && patient) await Promise.race([hand.turned(), impatience])
  enough.abort(new Error('no longer needed'))
}
