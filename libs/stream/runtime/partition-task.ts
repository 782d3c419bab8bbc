import type { Clock } from '#lib/clock/clock.ts'
import { FatalError, FencedError, RetryableError } from '#lib/errors/errors.ts'
import type { CommittedOffset, Consumer, FetchedBatch, LogAdmin, LogRecord, OffsetRange, TopicPartition } from '#lib/stream/log.ts'
import type { Input, Processor } from '#lib/stream/processor.ts'
import type { Logger } from '#lib/telemetry/logger.ts'
import type { Committer } from './committer.ts'
import { type Checkpoint, createFold, type Fold } from './fold.ts'
import { formatMetadata, parseMetadata } from './offset-metadata.ts'
import { type RunnerMetrics, tellMissing } from './runner-metrics.ts'
import { after, countBefore, decodeAll, type FoldedSlice, foldSlice, isInput, type SliceOptions } from './slice.ts'
import { fits, type WarmState } from './standby-state.ts'

export type PartitionTaskOptions<In, Out, State> = SliceOptions<In, Out> &
  Readonly<{
    partition: TopicPartition
    group: string
    processor: Processor<In, Out, State>
    prepare: ((inputs: readonly Input<In>[]) => void | Promise<void>) | undefined
    committer: Committer
    /** FatalError where a group that stands nowhere has written these topics before. */
    refuseSilentReplay(partition: TopicPartition, outputs: ReadonlySet<string>): Promise<void>
    /** Hands over what a standby has made ready, once. */
    takeWarm(): WarmState<In, Out> | null
    consumer: Consumer
    admin: LogAdmin
    clock: Clock
    logger: Logger
    metrics: RunnerMetrics
    maxRecordsPerTransaction: number
    isStopping(): boolean
  }>

/** One input partition's work: its state, its position, and what it has folded but not committed yet. */
export interface PartitionTask {
  /** Takes the partition over under a new assignment. Keeps the state where the committed offset proves it right. */
  open(epoch: number): Promise<void>
  handle(batch: FetchedBatch): Promise<void>
  isRestored(): boolean
  close(): Promise<void>
}

/** A slice folded and not known to be committed. `before`: the offset that was committed before it. */
type Pending = Readonly<{ slice: FoldedSlice; before: number | null; committed: CommittedOffset }>

export function createPartitionTask<In, Out, State>(options: PartitionTaskOptions<In, Out, State>): PartitionTask {
  const { partition, processor, prepare, committer, consumer, admin, clock, logger, metrics } = options
  let openedEpoch: number | null = null
  let newestEpoch = Number.NEGATIVE_INFINITY
  let opening: { epoch: number; done: Promise<void> } | null = null
  /** The state; null until it is known where to begin. */
  let fold: Fold<In, Out> | null = null
  /** Every visible record before this offset is folded. Null: the beginning, wherever that is. */
  let position: number | null = null
  /** As far as we know. */
  let committedOffset: number | null = null
  let pending: Pending | null = null
  /** While restoring: records before this offset are folded silently. */
  let restore: { until: number; begun: number; records: number } | null = null

  function discard(): void {
    fold = null
    position = null
    pending = null
    restore = null
    openedEpoch = null
  }

  /**
   * One take-over per epoch at a time, whether the assignment or a batch asked for it. One for an assignment that is over would take the
   * producer away from the work under the present one.
   */
  function open(epoch: number): Promise<void> {
    if (epoch < newestEpoch)
      return Promise.reject(new FencedError(`the assignment of epoch ${epoch} is over: ${newestEpoch} came after it`))
    newestEpoch = epoch
    if (openedEpoch === epoch) return Promise.resolve()
    if (opening?.epoch !== epoch) {
      const previous = opening?.done.catch(() => {}) ?? Promise.resolve()
      const done = previous.then(takeOver).then(() => {
        openedEpoch = epoch
      })
      opening = { epoch, done }
      done
        .catch(() => {})
        .finally(() => {
          if (opening?.done === done) opening = null
        })
    }
    return opening.done
  }

  async function takeOver(): Promise<void> {
    const committed = await committer.takeOver()
    if (reconcile(committed?.offset ?? null)) {
      if (restore !== null && position !== null) consumer.seek(partition, position)
      return
    }
    discard()
    committedOffset = committed?.offset ?? null
    if (committed !== null) await beginRestore(committed)
  }

  /**
   * After the take-over the committed offset is final. What we hold is still right in three cases: what we had folded and not seen
   * committed was committed after all, or it was not and can be sent again as it is, or there was none and nobody moved the offset since.
   * The state is a function of the log up to its position, so it does not matter who committed.
   */
  function reconcile(committed: number | null): boolean {
    if (fold === null) return false
    if (pending !== null && committed === pending.committed.offset) {
      settle(pending)
      return true
    }
    return committed === (pending === null ? committedOffset : pending.before)
  }

  async function beginRestore(committed: CommittedOffset): Promise<void> {
    const { first, next } = (await admin.offsets(partition.topic)).find((offsets) => offsets.partition === partition.partition)!
    if (committed.offset > next)
      throw new FatalError(
        `the group stands at offset ${committed.offset} of ${partition.topic}-${partition.partition}, which ends at ${next}: the topic was ` +
          `made anew or cut. Delete the consumer group, or name another run`,
      )
    const warm = options.takeWarm()
    if (warm !== null && fits(warm, committed, first)) return goOnFrom(warm, committed)
    const checkpoint: Checkpoint = restorePointOf(committed, first)
    if (committed.offset < first) {
      const lost = { from: committed.offset, to: first }
      tellMissing(partition, lost, { logger, metrics, group: options.group })
    }
    if (processor.memory !== undefined && checkpoint.offset < first) {
      // Carry on: as soon as the clock moves on by the horizon, the missing records are out of it anyway. But say it.
      metrics.restoreLacks(partition, Math.min(first, committed.offset) - checkpoint.offset)
      logger.error(
        { ...partition, neededFrom: checkpoint.offset, keptFrom: first },
        `the log no longer holds offsets ${checkpoint.offset} to ${first} of ${partition.topic}, which the state depends on: results may ` +
          'differ until the horizon has passed. Set the retention of the topic well beyond the horizon',
      )
    }
    goOnFrom({ fold: createFold(processor, checkpoint), position: Math.max(checkpoint.offset, first) }, committed)
  }

  function goOnFrom(begun: Pick<WarmState<In, Out>, 'fold' | 'position'>, committed: CommittedOffset): void {
    ;({ fold, position } = begun)
    if (position < committed.offset) {
      restore = { until: committed.offset, begun: clock.monotonic(), records: 0 }
      logger.info({ ...partition, from: position, until: committed.offset }, 'restoring state')
    }
    if (position !== committed.offset) consumer.seek(partition, position)
  }

  function restorePointOf(committed: CommittedOffset, first: number): Checkpoint {
    const nothingToRestore = { offset: committed.offset, clock: null, carry: undefined }
    if (processor.memory === undefined) return nothingToRestore
    const checkpoint = parseMetadata(committed.metadata)
    if (checkpoint !== null) return checkpoint
    logger.warn(
      { ...partition, committed: committed.offset },
      'the committed offset does not say where to restore from: folding all there is',
    )
    return { ...nothingToRestore, offset: first }
  }

  async function handle(batch: FetchedBatch): Promise<void> {
    // A member that was frozen learns here that it lost the partition, before it would fence the one who has it now.
    await batch.heartbeat()
    if (!batch.isCurrent()) return
    await open(batch.epoch)
    if (!batch.isCurrent()) return
    if (position !== null && batch.position > position) return consumer.seek(partition, position)
    fold ??= createFold(processor, { offset: batch.position, clock: null, carry: undefined })
    position ??= batch.position
    if (pending !== null) await commit(pending, batch)
    if (batch.missing && batch.missing.to > position) passOver(batch.missing)

    const records = after(batch.records, position)
    const silent = restore === null ? 0 : countBefore(records, restore.until)
    if (silent > 0) await foldSilently(records.slice(0, silent), batch)
    for (let index = silent; index < records.length; ) {
      if (!batch.isCurrent()) return
      if (options.isStopping()) return consumer.seek(partition, position)
      const slice = records.slice(index, index + options.maxRecordsPerTransaction)
      await processSlice(slice, batch)
      index += slice.length
    }
    if (!batch.isCurrent()) return
    position = Math.max(position, batch.nextOffset)
    if (restore !== null && position >= restore.until) endRestore(restore)
  }

  /** Nothing can bring these records back: say what is lost, and go on. A state that remembers differs until its horizon has passed. */
  function passOver({ from, to }: OffsetRange): void {
    const lost = { from: Math.max(from, position ?? from), to }
    position = to
    // What a restore lacks was said when it began.
    if (restore === null) tellMissing(partition, lost, { logger, metrics, group: options.group })
  }

  async function foldSilently(records: readonly LogRecord[], batch: FetchedBatch): Promise<void> {
    const decoded = await decodeAll(records, options)
    const inputs = decoded.filter(isInput)
    await prepare?.(inputs)
    if (!batch.isCurrent() || fold === null || restore === null) return
    try {
      fold.apply(inputs)
    } catch (error) {
      discard()
      throw error
    }
    position = records.at(-1)!.offset + 1
    restore.records += records.length
    if (position >= restore.until) endRestore(restore)
  }

  function endRestore({ begun, records }: { begun: number; records: number }): void {
    const seconds = (clock.monotonic() - begun) / 1_000
    restore = null
    metrics.restored(seconds, records)
    logger.info({ ...partition, records, seconds }, 'state restored')
  }

  async function processSlice(records: readonly LogRecord[], batch: FetchedBatch): Promise<void> {
    const decoded = await decodeAll(records, options)
    await prepare?.(decoded.filter(isInput))
    if (!batch.isCurrent() || fold === null) return
    const newest = records.at(-1)!
    try {
      const slice = foldSlice(records, decoded, fold, options)
      const metadata = processor.memory === undefined ? '' : formatMetadata(fold.restorePoint())
      pending = { slice, before: committedOffset, committed: { offset: newest.offset + 1, metadata } }
    } catch (error) {
      // The state may be half changed: only the log knows it now.
      discard()
      throw error
    }
    position = newest.offset + 1
    if (committedOffset === null) await beginFirst(pending)
    await commit(pending, batch)
  }

  /** Before the first commit ever, and before anything is written. */
  async function beginFirst({ slice }: Pending): Promise<void> {
    const outputs = new Set(slice.outputs.map(({ topic }) => topic).filter((topic) => topic !== options.deadLetters))
    await options.refuseSilentReplay(partition, outputs)
  }

  async function commit(slice: Pending, batch: FetchedBatch): Promise<void> {
    const begun = clock.monotonic()
    try {
      await committer.commit(slice.slice.outputs, slice.committed, batch)
    } catch (error) {
      // Unknown outcome: what is pending stays as it is, and the next take-over finds out.
      openedEpoch = null
      if (error instanceof RetryableError) metrics.fenced('own')
      throw error
    }
    metrics.transaction((clock.monotonic() - begun) / 1_000)
    settle(slice)
  }

  function settle({ slice, committed }: Pending): void {
    committedOffset = committed.offset
    pending = null
    for (const { result, detail, count } of slice.tally) metrics.records(result, count, detail)
    metrics.committed(slice.done, clock.now())
  }

  return {
    open,
    handle,
    isRestored: () => openedEpoch !== null && restore === null,
    async close() {
      openedEpoch = null
      await committer.close()
    },
  }
}
