import { retrying } from '#lib/stream/backoff.ts'
import type { Follower, LogAdmin, LogRecord, TopicPartition } from '#lib/stream/log.ts'
import { createFold, type Fold } from './fold.ts'
import { parseMetadata } from './offset-metadata.ts'
import type { RunnerOptions } from './runner.ts'
import type { RunnerMetrics } from './runner-metrics.ts'
import { after, countBefore, decodeAll, isInput } from './slice.ts'
import { judge, keptBy, next, type StandbyEvent, type StandbyState, type Verdict, type WarmState } from './standby-state.ts'

export type StandbyOptions<In, Out, State> = Pick<
  RunnerOptions<In, Out, State>,
  'name' | 'input' | 'log' | 'clock' | 'logger' | 'group' | 'processor' | 'prepare'
> &
  Readonly<{
    admin: LogAdmin
    metrics: RunnerMetrics
    /** How often the group is asked where it stands: a take-over folds at most what it has committed meanwhile. */
    pollMillis: number
    /** Null: whatever was wrong has passed. */
    onProblem(problem: Error | null): void
    onWarmth(): void
  }>

/** Keeps the state of one partition that another member works on. */
export interface PartitionStandby<In, Out> {
  /** As far as the group was when it was last asked; or there is nothing to go by, and whoever takes over begins as it would alone. */
  isWarm(): boolean
  /** Hands the state over and ends. Null: there is none. */
  release(): WarmState<In, Out> | null
  /** Resolves after `release`, when nothing is read any more; rejects when it cannot go on. */
  readonly finished: Promise<void>
}

/**
 * Follows the partition without the group, and folds silently up to the group's committed offset, never beyond: what the group has not
 * committed may yet be done otherwise. A state that does not fit what the group commits (see `fits`) is discarded and begun anew.
 */
export function standByFor<In, Out, State>(partition: TopicPartition, options: StandbyOptions<In, Out, State>): PartitionStandby<In, Out> {
  const { log, admin, clock, logger, group, processor, metrics, pollMillis, onProblem } = options
  const released = new AbortController()
  const failed = Promise.withResolvers<never>()
  const keeper = createKeeper(partition, options, released.signal)
  let follower: Follower | null = null

  async function look(): Promise<void> {
    const readBefore = keptBy(keeper.state())?.warm.position ?? 0
    const committed = await admin.committed(group, partition)
    const { first, next } = (await admin.offsets(partition.topic)).find((offsets) => offsets.partition === partition.partition)!
    if (released.signal.aborted) return
    const verdict = judge(keeper.state(), { committed, first, next })
    if (verdict.type === 'begin anew') return begin(verdict, first)
    if (verdict.type === 'go on') return keeper.move({ type: 'raised', limit: verdict.committed.offset, heldFrom: readBefore })
    await drop()
    keeper.move({ type: 'nothing to go by' })
  }

  async function begin({ committed, discards }: Extract<Verdict, { type: 'begin anew' }>, first: number): Promise<void> {
    const position = keptBy(keeper.state())?.warm.position
    if (discards) logger.warn({ ...partition, position }, 'the state kept warm does not fit what the group commits: folding it again')
    await drop()
    if (released.signal.aborted) return
    const checkpoint = parseMetadata(committed.metadata)!
    const from = Math.max(checkpoint.offset, first)
    const fold = createFold(processor, checkpoint)
    keeper.move({ type: 'begun', warm: { fold, position: from, heldFrom: from }, limit: committed.offset })
    logger.info({ ...partition, from, until: committed.offset }, 'standing by')
    follower = await log.follow([partition.topic], (records) => keeper.take(records, fold), {
      partition: partition.partition,
      startAt: () => from,
    })
    keeper.move({ type: 'followed' })
    follower.finished.catch(failed.reject)
  }

  async function drop(): Promise<void> {
    keeper.move({ type: 'discarded' })
    const stopping = follower
    follower = null
    await stopping?.stop()
  }

  async function live(): Promise<void> {
    const { signal } = released
    while (!signal.aborted) {
      await retrying(look, { clock, signal, onProblem })
      await clock.sleep(pollMillis, signal).catch(() => {})
    }
  }

  const end = async () => {
    released.abort(new Error('released'))
    await drop().catch((error: Error) => logger.debug({ ...partition, problem: error.message }, 'closing a standby'))
  }
  return {
    isWarm: () => keeper.state().isWarm,
    release() {
      const handedOver = keptBy(keeper.state())?.warm ?? null
      released.abort(new Error('released'))
      keeper.move({ type: 'released' })
      metrics.stoodDown(partition)
      return handedOver
    },
    finished: Promise.race([live(), failed.promise]).finally(end),
  }
}

type Keeper<In, Out> = Readonly<{
  state(): StandbyState<In, Out>
  move(event: StandbyEvent<In, Out>): void
  /** Folds these records into the state that `fold` belongs to, as far as the group has come; waits for it to come further. */
  take(records: readonly LogRecord[], fold: Fold<In, Out>): Promise<void>
}>

/** Holds the state, and tells those who wait for it what has become of it. */
function createKeeper<In, Out, State>(
  partition: TopicPartition,
  options: StandbyOptions<In, Out, State>,
  released: AbortSignal,
): Keeper<In, Out> {
  const { clock, prepare, metrics, onProblem, onWarmth } = options
  let state: StandbyState<In, Out> = { type: 'empty', isWarm: false }
  /** Ends the waits of the state in hand: whoever begins another must not wait for what that one needs. */
  let giveUp = new AbortController()
  let raised = Promise.withResolvers<void>()

  function move(event: StandbyEvent<In, Out>): void {
    const before = keptBy(state)
    const wasWarm = state.isWarm
    state = next(state, event)
    const kept = keptBy(state)
    if (state.isWarm !== wasWarm) onWarmth()
    if (before !== null && kept?.warm.fold !== before.warm.fold) {
      giveUp.abort(new Error('given up'))
      giveUp = new AbortController()
    }
    if (kept?.limit !== before?.limit) {
      raised.resolve()
      raised = Promise.withResolvers()
    }
    if (kept !== null) metrics.standby(partition, { records: kept.limit - kept.warm.position })
  }

  /** Null: it was given up. */
  const heldFor = (fold: Fold<In, Out>) => {
    const kept = keptBy(state)
    return kept?.warm.fold === fold ? kept : null
  }

  async function foldSilently(records: readonly LogRecord[], fold: Fold<In, Out>): Promise<void> {
    const prepared = async () => {
      const inputs = (await decodeAll(records, options)).filter(isInput)
      await prepare?.(inputs)
      return inputs
    }
    const inputs = await retrying(prepared, { clock, signal: giveUp.signal, onProblem })
    if (inputs === null && !released.aborted) onProblem(null)
    if (inputs === null || heldFor(fold) === null) return
    fold.apply(inputs)
    move({ type: 'folded', fold, position: records.at(-1)!.offset + 1 })
  }

  return {
    state: () => state,
    move,
    async take(records, fold) {
      for (let kept = heldFor(fold); kept !== null; kept = heldFor(fold)) {
        const rest = after(records, kept.warm.position)
        if (rest.length === 0) return
        const committed = rest.slice(0, countBefore(rest, kept.limit))
        if (committed.length === 0) await raised.promise
        else await foldSilently(committed, fold)
      }
    },
  }
}
