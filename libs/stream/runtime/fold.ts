import { FatalError } from '#lib/errors/errors.ts'
import type { Input, Processor, Result } from '#lib/stream/processor.ts'

/** Where a state can be rebuilt from: fold every record from `offset` on, beginning with `initial(carry)`. */
export type Checkpoint = Readonly<{
  offset: number
  /** The fold's clock just before that record: the running maximum of `clockOf`. Null: no record had a time yet. */
  clock: number | null
  /** `carry` of the state just before that record, as JSON text: later changes of the state must not reach it. Undefined: none. */
  carry: string | undefined
}>

/** A processor's state over one partition, with what it takes to rebuild it. */
export interface Fold<In, Out> {
  /** Folds records in log order: one result each. Throws only on a bug; the state is void then. */
  apply(inputs: readonly Input<In>[]): Result<Out>[]
  /** The newest checkpoint that has everything the state may still depend on behind it. */
  restorePoint(): Checkpoint
  /** Whether this fold went through that very checkpoint: then the state is what folding from there would have come to. */
  passed(checkpoint: Checkpoint): boolean
}

/**
 * How finely checkpoints lie, as a share of the horizon: a restore reads at most this much more than it must. They lie on a fixed grid
 * of the fold's clock, so where they are is a function of the log, not of how it was cut into batches or when a process was restarted.
 */
const checkpointsPerHorizon = 64

export function createFold<In, Out, State>(processor: Processor<In, Out, State>, from: Checkpoint): Fold<In, Out> {
  const { memory } = processor
  const state = processor.initial(from.carry === undefined ? undefined : JSON.parse(from.carry))
  const spacing = Math.max(1, (memory?.horizonMillis ?? 0) / checkpointsPerHorizon)
  let clock = from.clock
  let checkpoints: Checkpoint[] = [from]

  const process = (inputs: readonly Input<In>[]): Result<Out>[] => {
    if (inputs.length === 0) return []
    const results = processor.process(inputs, state)
    if (results.length !== inputs.length)
      throw new FatalError(`the processor gave ${results.length} results for ${inputs.length} records: it must give one each, in order`)
    return results
  }

  const carryNow = () => {
    const carry = memory?.carry?.(state)
    return carry === undefined ? undefined : JSON.stringify(carry)
  }

  /** A record before a checkpoint has a time of at most the checkpoint's clock: once that is out of the horizon, so is the record. */
  const forgetOutOfReach = (horizonMillis: number) => {
    const oldestSeen = clock === null ? Number.NEGATIVE_INFINITY : clock - horizonMillis
    const index = checkpoints.findLastIndex((checkpoint) => checkpoint.clock !== null && checkpoint.clock < oldestSeen)
    if (index > 0) checkpoints = checkpoints.slice(index)
  }

  /** The clock after this record, if that takes it into another cell of the grid. */
  const entersCell = (next: number) => clock !== null && Math.floor(next / spacing) !== Math.floor(clock / spacing)

  return {
    apply(inputs) {
      if (memory === undefined) return process(inputs)
      const results: Result<Out>[] = []
      let begun = 0
      for (const [index, input] of inputs.entries()) {
        const time = memory.clockOf(input)
        if (!Number.isFinite(time) || (clock !== null && time <= clock)) continue
        if (entersCell(time)) {
          // The checkpoint wants the state as it stands just before this record: fold what comes before it first.
          results.push(...process(inputs.slice(begun, index)))
          begun = index
          checkpoints.push({ offset: input.record.offset, clock, carry: carryNow() })
          forgetOutOfReach(memory.horizonMillis)
        }
        clock = time
      }
      for (const result of process(begun === 0 ? inputs : inputs.slice(begun))) results.push(result)
      return results
    },

    restorePoint() {
      if (memory !== undefined) forgetOutOfReach(memory.horizonMillis)
      return checkpoints[0]!
    },

    passed: ({ offset, clock: time, carry }) =>
      checkpoints.some((passed) => passed.offset === offset && passed.clock === time && passed.carry === carry),
  }
}
