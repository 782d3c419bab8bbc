import type { LogAdmin, TopicPartition } from '#lib/stream/log.ts'
import { type HandOverState, next, nothingReady, readyIn } from './hand-over-state.ts'
import type { RunnerOptions } from './runner.ts'
import type { RunnerConditions } from './runner-conditions.ts'
import type { RunnerMetrics } from './runner-metrics.ts'
import { createStandby } from './standby.ts'
import type { WarmState } from './standby-state.ts'

/** From a member without partitions, which keeps the state of those that others have, to one that is given some of them. */
export interface HandOver<In, Out> {
  /** Resolves once what it keeps is as far as the group. Null: there is nothing to stand by with, or it does so already. */
  standBy(): Promise<void> | null
  isStandingBy(): boolean
  release(assigned: readonly TopicPartition[]): void
  /** What was made ready for this partition, once. */
  take(partition: TopicPartition): WarmState<In, Out> | null
  /** Resolves when nothing is read any more. */
  end(): Promise<void>
}

export function createHandOver<In, Out, State>(
  options: RunnerOptions<In, Out, State> &
    Readonly<{ admin: LogAdmin; metrics: RunnerMetrics; conditions: RunnerConditions; fail(error: Error): void }>,
): HandOver<In, Out> {
  const { conditions, fail } = options
  let state: HandOverState<In, Out> = { type: 'working', ready: nothingReady }
  let standbyEnded: Promise<void> = Promise.resolve()

  return {
    standBy() {
      if (options.standby === undefined || state.type !== 'working') return null
      conditions.standingBy(0, 0)
      const { pollMillis } = options.standby
      const standby = createStandby({ ...options, pollMillis, onProblem: conditions.progress, onWarmth: conditions.standingBy })
      state = next(state, { type: 'stood by', standby })
      standbyEnded = standby.finished
      standbyEnded.catch(fail)
      return standby.warm
    },
    isStandingBy: () => state.type === 'standing by',
    release(assigned) {
      if (state.type !== 'standing by') return
      const states = state.standby.release()
      state = next(state, { type: 'released', states, assigned: assigned.map(({ partition }) => partition) })
    },
    take({ partition }) {
      const taken = readyIn(state).get(partition) ?? null
      state = next(state, { type: 'taken', partition })
      return taken
    },
    async end() {
      if (state.type === 'standing by') state.standby.release()
      state = next(state, { type: 'ended' })
      await standbyEnded.catch(() => {})
    },
  }
}
