import type { Clock } from '#lib/clock/clock.ts'
import type { Consumer, LogAdmin, TopicPartition } from '../log.ts'
import { createOffsetHistory, type OffsetHistory } from './offset-history.ts'
import type { RunnerMetrics } from './runner-metrics.ts'

/**
 * How far a member is behind, looked up at the log itself every few seconds. What a member tells of its own progress stands still with
 * it: one that hangs, or whose sink is away, would go on exporting the zero of its last good moment.
 */
export interface LagWatch {
  /** These partitions are ours from now on. The series of all others end: whoever has them now tells of them. */
  assigned(partitions: readonly TopicPartition[]): void
  /** Resolves when it asks nothing any more. */
  stop(): Promise<void>
}

export type LagWatchOptions = Readonly<{
  admin: LogAdmin
  consumer: Consumer
  group: string
  /** Where a group without a committed offset begins. */
  from: 'earliest' | 'latest'
  clock: Clock
  metrics: RunnerMetrics
  /** Whether all that the consumer handed over of this partition is done. Default: it is handed over one by one, so yes. */
  isDone?(partition: TopicPartition): boolean
  /** When the oldest record that was handed over and is not done was appended to the log, wall-clock milliseconds. */
  inHandSince(partition: TopicPartition): number | null
  /** For sinks: when the oldest record that was taken and is not committed was taken, by the monotonic clock. */
  uncommittedSince?(partition: TopicPartition): number | null
  intervalMillis?: number
}>

/** `done`: every visible record before it is. Null: not known yet. */
type Watched = { readonly partition: TopicPartition; readonly ends: OffsetHistory; done: number | null }
type Ends = Readonly<{ first: number; next: number }>

const defaultIntervalMillis = 5_000
const keyOf = ({ topic, partition }: TopicPartition) => `${topic}-${partition}`

export function createLagWatch(options: LagWatchOptions): LagWatch {
  const { admin, consumer, clock, metrics, isDone = () => true, intervalMillis = defaultIntervalMillis } = options
  const watched = new Map<string, Watched>()
  const stopping = new AbortController()

  async function live(): Promise<void> {
    while (!stopping.signal.aborted) {
      await clock.sleep(intervalMillis, stopping.signal).catch(() => {})
      for (const topic of new Set([...watched.values()].map(({ partition }) => partition.topic))) await look(topic)
    }
  }

  /** A log that is away ends nothing: what waited before goes on waiting, and its seconds go on growing. */
  async function look(topic: string): Promise<void> {
    const ends = new Map((await admin.offsets(topic).catch(() => [])).map((end) => [end.partition, end]))
    for (const share of [...watched.values()].filter(({ partition }) => partition.topic === topic)) {
      const end = ends.get(share.partition.partition)
      if (end !== undefined) await advance(share, end)
      if (watched.get(keyOf(share.partition)) === share) report(share, end, options)
    }
  }

  async function advance(share: Watched, end: Ends): Promise<void> {
    const { partition, ends } = share
    const position = consumer.lag().find((lag) => keyOf(lag) === keyOf(partition))?.position ?? null
    if (position !== null && isDone(partition)) share.done = Math.max(share.done ?? 0, position)
    share.done ??= await beginsAt(partition, end, options)
    ends.passed(end.next, clock.monotonic())
  }

  function assigned(partitions: readonly TopicPartition[]): void {
    const kept = new Set(partitions.map(keyOf))
    for (const [key, { partition }] of watched) {
      if (kept.has(key)) continue
      watched.delete(key)
      metrics.givenUp(partition)
    }
    for (const partition of partitions)
      if (!watched.has(keyOf(partition))) watched.set(keyOf(partition), { partition, ends: createOffsetHistory(), done: null })
  }

  const living = live()
  return {
    assigned,
    async stop() {
      stopping.abort(new Error('stopping'))
      assigned([])
      await living
    },
  }
}

/** Before the first fetch: where the group stands. */
async function beginsAt(
  partition: TopicPartition,
  { first, next }: Ends,
  { admin, group, from }: Pick<LagWatchOptions, 'admin' | 'group' | 'from'>,
): Promise<number | null> {
  try {
    const committed = await admin.committed(group, partition)
    return committed?.offset ?? (from === 'earliest' ? first : next)
  } catch {
    return null
  }
}

function report({ partition, ends, done }: Watched, end: Ends | undefined, options: LagWatchOptions): void {
  const { clock, metrics, inHandSince, uncommittedSince } = options
  if (done !== null) {
    const seconds = Math.max(secondsSince(ends.beyond(done), clock.monotonic()), secondsSince(inHandSince(partition), clock.now()))
    metrics.lag(partition, { records: end === undefined ? null : Math.max(0, end.next - done), seconds })
  }
  const uncommitted = uncommittedSince?.(partition)
  if (uncommitted !== undefined) metrics.uncommitted(partition, { seconds: secondsSince(uncommitted, clock.monotonic()) })
}

const secondsSince = (since: number | null, now: number): number => (since === null ? 0 : Math.max(0, now - since) / 1_000)
