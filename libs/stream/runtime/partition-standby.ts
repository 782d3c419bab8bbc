import { retrying } from '#lib/stream/backoff.ts'
import type { CommittedOffset, Follower, LogAdmin, LogRecord, TopicPartition } from '#lib/stream/log.ts'
import { createFold, type Fold } from './fold.ts'
import { parseMetadata } from './offset-metadata.ts'
import type { RunnerOptions } from './runner.ts'
import type { RunnerMetrics } from './runner-metrics.ts'
import { after, countBefore, decodeAll, isInput } from './slice.ts'

/** A state made ready: every visible record from its beginning up to `position` is folded. */
export type WarmState<In, Out> = {
  readonly fold: Fold<In, Out>
  position: number
  /** Everything from here on was still in the log when it was last asked: what was read before then had no holes. */
  heldFrom: number
}

/**
 * Whether a state is what a restore from this commit would come to, or is on its way there: it went through the very point that the commit
 * names, does not reach beyond the commit, and missed nothing that the log has deleted. `first`: the oldest offset the log holds.
 */
export function fits<In, Out>({ fold, position, heldFrom }: WarmState<In, Out>, committed: CommittedOffset, first: number): boolean {
  const checkpoint = parseMetadata(committed.metadata)
  return checkpoint !== null && position <= committed.offset && first <= heldFrom && fold.passed(checkpoint)
}

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
  const { log, admin, clock, logger, group, processor, prepare, metrics, pollMillis, onProblem, onWarmth } = options
  const released = new AbortController()
  const failed = Promise.withResolvers<never>()
  let state: WarmState<In, Out> | null = null
  let follower: Follower | null = null
  /** Ends the waits of the state in hand: whoever begins another must not wait for what that one needs. */
  let giveUp = new AbortController()
  /** Where the group stood when it was last asked. */
  let limit = 0
  let raised = Promise.withResolvers<void>()
  let warm = false

  const tell = () => metrics.standby(partition, { records: state === null ? 0 : limit - state.position })

  function raise(offset: number): void {
    limit = offset
    raised.resolve()
    raised = Promise.withResolvers()
    tell()
  }

  function setWarm(next: boolean): void {
    if (next === warm) return
    warm = next
    onWarmth()
  }

  async function look(): Promise<void> {
    const readBefore = state?.position ?? 0
    const committed = await admin.committed(group, partition)
    const { first, next } = (await admin.offsets(partition.topic)).find((offsets) => offsets.partition === partition.partition)!
    if (released.signal.aborted) return
    if (committed === null || !isRestorable(committed, first, next)) return goWithout()
    if (state === null || follower === null || !fits(state, committed, first)) return begin(committed, first)
    state.heldFrom = readBefore
    setWarm(state.position >= limit)
    raise(committed.offset)
  }

  /** Nothing is committed, or what is committed is for the one who takes over to judge. */
  async function goWithout(): Promise<void> {
    await drop()
    setWarm(true)
  }

  async function begin(committed: CommittedOffset, first: number): Promise<void> {
    if (state !== null)
      logger.warn({ ...partition, position: state.position }, 'the state kept warm does not fit what the group commits: making it anew')
    await drop()
    if (released.signal.aborted) return
    const checkpoint = parseMetadata(committed.metadata)!
    const position = Math.max(checkpoint.offset, first)
    const begun: WarmState<In, Out> = { fold: createFold(processor, checkpoint), position, heldFrom: position }
    state = begun
    giveUp = new AbortController()
    raise(committed.offset)
    setWarm(position >= limit)
    logger.info({ ...partition, from: position, until: limit }, 'standing by')
    follower = await log.follow([partition.topic], (records) => take(records, begun), {
      partition: partition.partition,
      startAt: () => begun.position,
    })
    follower.finished.catch(failed.reject)
  }

  async function drop(): Promise<void> {
    state = null
    giveUp.abort(new Error('given up'))
    raised.resolve()
    const stopping = follower
    follower = null
    await stopping?.stop()
  }

  const isCurrent = (taken: WarmState<In, Out>) => state === taken

  async function take(records: readonly LogRecord[], into: WarmState<In, Out>): Promise<void> {
    for (let rest = after(records, into.position); rest.length > 0 && isCurrent(into); rest = after(rest, into.position)) {
      const committed = rest.slice(0, countBefore(rest, limit))
      if (committed.length === 0) await raised.promise
      else await foldSilently(committed, into)
    }
  }

  async function foldSilently(records: readonly LogRecord[], into: WarmState<In, Out>): Promise<void> {
    const prepared = async () => {
      const inputs = (await decodeAll(records, options)).filter(isInput)
      await prepare?.(inputs)
      return inputs
    }
    const inputs = await retrying(prepared, { clock, signal: giveUp.signal, onProblem })
    if (inputs === null && !released.signal.aborted) onProblem(null)
    if (inputs === null || !isCurrent(into)) return
    into.fold.apply(inputs)
    into.position = records.at(-1)!.offset + 1
    tell()
    if (into.position >= limit) setWarm(true)
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
    isWarm: () => warm,
    release() {
      const handedOver = state
      released.abort(new Error('released'))
      state = null
      giveUp.abort(new Error('released'))
      metrics.stoodDown(partition)
      raised.resolve()
      return handedOver
    },
    finished: Promise.race([live(), failed.promise]).finally(end),
  }
}

/** Whether a restore could go by this commit: written by a fold, and about what the log still holds. */
const isRestorable = ({ offset, metadata }: CommittedOffset, first: number, next: number): boolean =>
  first <= offset && offset <= next && parseMetadata(metadata) !== null
