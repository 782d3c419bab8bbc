import { retrying } from '#lib/stream/backoff.ts'
import { type PartitionStandby, type StandbyOptions, standByFor } from './partition-standby.ts'
import type { WarmState } from './standby-state.ts'

/** Keeps the state of a topic's partitions warm while other members of the group work on them. */
export interface Standby<In, Out> {
  /** Resolves once every partition's state is as far as the group; never after `release`. */
  readonly warm: Promise<void>
  /** Hands over what there is, by partition, and ends. */
  release(): ReadonlyMap<number, WarmState<In, Out>>
  /** Resolves after `release`, when nothing is read any more; rejects when it cannot go on. */
  readonly finished: Promise<void>
}

export type TopicStandbyOptions<In, Out, State> = Omit<StandbyOptions<In, Out, State>, 'onWarmth'> &
  Readonly<{ onWarmth(warm: number, partitions: number): void }>

export function createStandby<In, Out, State>(options: TopicStandbyOptions<In, Out, State>): Standby<In, Out> {
  const { admin, clock, input, onProblem, onWarmth } = options
  const released = new AbortController()
  const warm = Promise.withResolvers<void>()
  const standbys: PartitionStandby<In, Out>[] = []

  function tell(): void {
    if (released.signal.aborted) return
    const count = standbys.filter((standby) => standby.isWarm()).length
    onWarmth(count, standbys.length)
    if (count === standbys.length) warm.resolve()
  }

  async function live(): Promise<void> {
    const partitions = await retrying(() => admin.partitionCount(input.topic), { clock, signal: released.signal, onProblem })
    if (released.signal.aborted) return
    for (let partition = 0; partition < (partitions ?? 0); partition++)
      standbys.push(standByFor({ topic: input.topic, partition }, { ...options, onWarmth: tell }))
    tell()
    await Promise.all(standbys.map(({ finished }) => finished))
  }

  return {
    warm: warm.promise,
    release() {
      released.abort(new Error('released'))
      return new Map(
        standbys.flatMap((standby, partition) => {
          const state = standby.release()
          return state === null ? [] : [[partition, state] as const]
        }),
      )
    },
    finished: live(),
  }
}
