import { FatalError } from '#lib/errors/errors.ts'
import type { CommittedOffset } from '#lib/stream/log.ts'
import { type Checkpoint, createFold, type Fold } from './fold.ts'
import { parseMetadata } from './offset-metadata.ts'
import type { PartitionTaskOptions, TaskCore } from './partition-task.ts'
import { tellMissing } from './runner-metrics.ts'
import { refuseTopicMadeAnew } from './same-topic.ts'
import { fits } from './standby-state.ts'
import { reconcile } from './task-state.ts'

/** Takes the partition over, and keeps the state where the committed offset proves it right; else begins anew from what is committed. */
export async function takeOver<In, Out, State>(task: TaskCore<In, Out>, options: PartitionTaskOptions<In, Out, State>): Promise<void> {
  const { partition, committer, consumer, admin, group } = options
  const committed = await committer.takeOver()
  await refuseTopicMadeAnew(admin, group, partition)
  const verdict = reconcile(task.state(), committed?.offset ?? null)
  if (verdict === 'begin anew') {
    task.discard()
    if (committed !== null) await beginRestore(committed, task, options)
    return
  }
  const state = task.state()
  if (verdict === 'was committed' && state.type === 'holding') task.settle(state.pending)
  if (state.type !== 'nowhere' && state.restore !== null) consumer.seek(partition, state.position)
}

async function beginRestore<In, Out, State>(
  committed: CommittedOffset,
  task: TaskCore<In, Out>,
  options: PartitionTaskOptions<In, Out, State>,
): Promise<void> {
  const { partition, consumer, admin, clock, logger } = options
  const { first, next } = (await admin.offsets(partition.topic)).find((offsets) => offsets.partition === partition.partition)!
  if (committed.offset > next)
    throw new FatalError(
      `the group stands at offset ${committed.offset} of ${partition.topic}-${partition.partition}, which ends at ${next}: the topic was ` +
        `made anew or cut. Delete the consumer group, or name another run`,
    )
  const { fold, position } = beginning(committed, first, options)
  const restores = position < committed.offset
  const restore = restores ? { until: committed.offset, begun: clock.monotonic(), records: 0 } : null
  task.move({ type: 'begun', fold, position, committed: committed.offset, restore })
  if (restores) logger.info({ ...partition, from: position, until: committed.offset }, 'restoring state')
  if (position !== committed.offset) consumer.seek(partition, position)
}

/** The state to go on with: what a standby has made ready, or a fold from where the commit says. `first`: the oldest offset the log holds. */
function beginning<In, Out, State>(
  committed: CommittedOffset,
  first: number,
  options: PartitionTaskOptions<In, Out, State>,
): Readonly<{ fold: Fold<In, Out>; position: number }> {
  const { partition, processor, logger, metrics, group } = options
  const warm = options.takeWarm()
  if (warm !== null && fits(warm, committed, first)) return warm
  const checkpoint = restorePointOf(committed, first, options)
  if (committed.offset < first) tellMissing(partition, { from: committed.offset, to: first }, { logger, metrics, group })
  if (processor.memory !== undefined && checkpoint.offset < first) {
    // Carry on: as soon as the clock moves on by the horizon, the missing records are out of it anyway. But say it.
    metrics.restoreLacks(partition, Math.min(first, committed.offset) - checkpoint.offset)
    logger.error(
      { ...partition, neededFrom: checkpoint.offset, keptFrom: first },
      `the log no longer holds offsets ${checkpoint.offset} to ${first} of ${partition.topic}, which the state depends on: results may ` +
        'differ until the horizon has passed. Set the retention of the topic well beyond the horizon',
    )
  }
  return { fold: createFold(processor, checkpoint), position: Math.max(checkpoint.offset, first) }
}

function restorePointOf<In, Out, State>(
  committed: CommittedOffset,
  first: number,
  { partition, processor, logger }: PartitionTaskOptions<In, Out, State>,
): Checkpoint {
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
