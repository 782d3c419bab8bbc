import { FencedError, RetryableError } from '#lib/errors/errors.ts'
import { backoffMillis } from '#lib/stream/backoff.ts'
import type { BatchHandler, ConsumerOptions, FetchedBatch, TopicPartition } from '#lib/stream/log.ts'
import type { GroupStorage } from './group.ts'
import { belongs, type Handover, handoverOf, isCurrent, isWorking, keyOf, type MemberEvent, type MemberState } from './member-state.ts'
import type { MemoryPartition } from './partition.ts'

/** What handing over needs of the member it is done for. */
export type DeliveryOptions = Readonly<{
  storage: GroupStorage
  maxBytesPerPartition: ConsumerOptions['maxBytesPerPartition']
  handler: BatchHandler
  state(): MemberState
  move(event: MemberEvent): void
  /** Counts what is in hand while `work` lasts. */
  during<T>(work: () => Promise<T>): Promise<T>
  /** Ends a back-off. */
  cutShort: AbortSignal
  /** For a handler that found itself fenced. Waits for this very delivery: do not wait for it here. */
  rejoin(): void
  fail(error: unknown): void
}>

/** Handing over goes on in microtasks alone; this often, timers and sockets get their turn. A count, not a time: runs stay equal. */
const batchesBetweenTurns = 16
const maxRecordsPerBatch = 1_000

/** Hands one partition's batches over, one after the other, for as long as the member works in this epoch. */
export async function deliver(tp: TopicPartition, epoch: number, options: DeliveryOptions): Promise<void> {
  const { storage, state, during, rejoin } = options
  const partition = storage.partitions(tp.topic)[tp.partition]!
  let failures = 0
  let turns = 0
  while (isWorking(state(), epoch)) {
    const batch = fetch(tp, epoch, partition, options)
    if (batch === null) {
      await partition.grown(waitsFor(handoverOf(state(), tp)))
      continue
    }
    if (++turns % batchesBetweenTurns === 0) await new Promise((resolve) => setImmediate(resolve))
    const outcome = await during(() => handOver(batch, failures + 1, options))
    if (outcome === 'over') return
    if (outcome === 'fenced') break
    failures = outcome === 'done' ? 0 : failures + 1
  }
  if (isWorking(state(), epoch)) rejoin()
}

/** The offset from which on something must be visible. */
const waitsFor = (handover: Handover | null): number =>
  handover === null || handover.paused ? Number.POSITIVE_INFINITY : handover.position

/** Null: nothing is visible, or the partition is paused. */
function fetch(tp: TopicPartition, epoch: number, partition: MemoryPartition, options: DeliveryOptions): FetchedBatch | null {
  const { state, move, maxBytesPerPartition = 1_048_576 } = options
  const first = partition.first()
  const found = handoverOf(state(), tp)
  if (found === null || found.paused) return null
  if (found.position < first) move({ type: 'handed over', partition: tp, event: { type: 'overtaken', first } })
  const handover = handoverOf(state(), tp)!
  const { records, nextOffset } = partition.read(Math.max(handover.position, first), maxBytesPerPartition, maxRecordsPerBatch)
  if (records.length === 0) {
    move({ type: 'handed over', partition: tp, event: { type: 'nothing visible', nextOffset } })
    return null
  }
  return {
    ...tp,
    records,
    position: handover.position,
    missing: handover.missing,
    nextOffset,
    remaining: partition.stable() - nextOffset,
    epoch,
    isCurrent: () => isCurrent(state(), epoch, handover),
    heartbeat: async () => {
      if (!belongs(state(), epoch)) throw new FencedError(`no longer a member that owns ${keyOf(tp)}`)
    },
  }
}

type Outcome = 'done' | 'failed' | 'fenced' | 'over'

/** Waits after a failure: until then the batch is in hand. */
async function handOver(batch: FetchedBatch, attempt: number, options: DeliveryOptions): Promise<Outcome> {
  const { handler, move, storage, cutShort, fail } = options
  try {
    await handler(batch)
    if (batch.isCurrent()) move({ type: 'handed over', partition: batch, event: { type: 'done', nextOffset: batch.nextOffset } })
    return 'done'
  } catch (error) {
    if (!(error instanceof RetryableError || error instanceof FencedError)) {
      fail(error)
      return 'over'
    }
    await storage.clock.sleep(backoffMillis(attempt, storage.clock, storage.backoff), cutShort).catch(() => {})
    return error instanceof FencedError ? 'fenced' : 'failed'
  }
}
