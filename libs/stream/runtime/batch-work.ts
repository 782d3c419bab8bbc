import { RetryableError } from '#lib/errors/errors.ts'
import type { FetchedBatch, LogRecord, OffsetRange } from '#lib/stream/log.ts'
import { createFold } from './fold.ts'
import { formatMetadata } from './offset-metadata.ts'
import type { PartitionTaskOptions, TaskCore } from './partition-task.ts'
import { tellMissing } from './runner-metrics.ts'
import { after, countBefore, decodeAll, foldSlice, isInput } from './slice.ts'
import { endedRestore, type Pending } from './task-state.ts'

type Work<In, Out, State> = Readonly<{ task: TaskCore<In, Out>; batch: FetchedBatch; options: PartitionTaskOptions<In, Out, State> }>

/** One batch of a partition that is ours: what is left of the one before, then silently what is committed already, then slice by slice. */
export async function workOff<In, Out, State>(work: Work<In, Out, State>): Promise<void> {
  const { task, batch, options } = work
  const { partition, processor, consumer } = options
  const found = task.state()
  if (found.type !== 'nowhere' && batch.position > found.position) return consumer.seek(partition, found.position)
  if (found.type === 'nowhere') {
    const { position } = batch
    const fold = createFold(processor, { offset: position, clock: null, carry: undefined })
    task.move({ type: 'begun', fold, position, committed: null, restore: null })
  }
  if (found.type === 'holding') await commit(found.pending, work)
  if (batch.missing) passOver(batch.missing, work)
  if (!(await foldBatch(work))) return
  task.move({ type: 'done', nextOffset: batch.nextOffset })
  endRestore(work)
}

/** Nothing can bring these records back: say what is lost, and go on. A state that remembers differs until its horizon has passed. */
function passOver<In, Out, State>({ from, to }: OffsetRange, { task, options }: Work<In, Out, State>): void {
  const { partition, logger, metrics, group } = options
  const state = task.state()
  if (state.type === 'nowhere' || to <= state.position) return
  task.move({ type: 'passed over', to })
  // What a restore lacks was said when it began.
  if (state.restore === null) tellMissing(partition, { from: Math.max(from, state.position), to }, { logger, metrics, group })
}

/** False: the batch is not ours any more, or not to be finished. */
async function foldBatch<In, Out, State>(work: Work<In, Out, State>): Promise<boolean> {
  const { task, batch, options } = work
  const state = task.state()
  if (state.type === 'nowhere') return false
  const records = after(batch.records, state.position)
  const silent = state.restore === null ? 0 : countBefore(records, state.restore.until)
  if (silent > 0) await foldSilently(records.slice(0, silent), work)
  for (let index = silent; index < records.length; ) {
    const now = task.state()
    if (!batch.isCurrent() || now.type === 'nowhere') return false
    if (options.isStopping()) {
      options.consumer.seek(options.partition, now.position)
      return false
    }
    const slice = records.slice(index, index + options.maxRecordsPerTransaction)
    await processSlice(slice, work)
    index += slice.length
  }
  return batch.isCurrent()
}

async function foldSilently<In, Out, State>(records: readonly LogRecord[], work: Work<In, Out, State>): Promise<void> {
  const { task, batch, options } = work
  const inputs = (await decodeAll(records, options)).filter(isInput)
  await options.prepare?.(inputs)
  const state = task.state()
  if (!batch.isCurrent() || state.type === 'nowhere' || state.restore === null) return
  orDiscard(task, () => state.fold.apply(inputs))
  task.move({ type: 'folded silently', position: records.at(-1)!.offset + 1, records: records.length })
  endRestore(work)
}

function endRestore<In, Out, State>({ task, options: { partition, clock, logger, metrics } }: Work<In, Out, State>): void {
  const ended = endedRestore(task.state())
  if (ended === null) return
  const { begun, records } = ended
  const seconds = (clock.monotonic() - begun) / 1_000
  task.move({ type: 'restored' })
  metrics.restored(seconds, records)
  logger.info({ ...partition, records, seconds }, 'state restored')
}

async function processSlice<In, Out, State>(records: readonly LogRecord[], work: Work<In, Out, State>): Promise<void> {
  const { task, batch, options } = work
  const decoded = await decodeAll(records, options)
  await options.prepare?.(decoded.filter(isInput))
  const state = task.state()
  if (!batch.isCurrent() || state.type === 'nowhere') return
  const { fold } = state
  const { slice, metadata } = orDiscard(task, () => ({
    slice: foldSlice(records, decoded, fold, options),
    metadata: options.processor.memory === undefined ? '' : formatMetadata(fold.restorePoint()),
  }))
  task.move({ type: 'folded', position: records.at(-1)!.offset + 1, slice, metadata })
  const folded = task.state()
  if (folded.type !== 'holding') return
  await commit(folded.pending, work)
}

/** The state may be half changed by what throws: only the log knows it then. */
function orDiscard<In, Out, T>(task: TaskCore<In, Out>, change: () => T): T {
  try {
    return change()
  } catch (error) {
    task.discard()
    throw error
  }
}

/** Before the first commit ever, and before anything is written. */
async function beginFirst<In, Out, State>({ slice }: Pending, options: PartitionTaskOptions<In, Out, State>): Promise<void> {
  const outputs = new Set(slice.outputs.map(({ topic }) => topic).filter((topic) => topic !== options.deadLetters))
  await options.refuseSilentReplay(options.partition, outputs)
}

async function commit<In, Out, State>(pending: Pending, { task, batch, options }: Work<In, Out, State>): Promise<void> {
  const { committer, clock, metrics } = options
  // Here, and not where it was folded: what is held is committed at a later attempt, too, where this was asked in vain.
  if (pending.before === null) await beginFirst(pending, options)
  const begun = clock.monotonic()
  try {
    await committer.commit(pending.slice.outputs, pending.committed, batch)
  } catch (error) {
    // Unknown outcome: what is pending stays as it is, and the next take-over finds out.
    task.loseTenure()
    if (error instanceof RetryableError) metrics.fenced('own')
    throw error
  }
  metrics.transaction((clock.monotonic() - begun) / 1_000)
  task.settle(pending)
}
