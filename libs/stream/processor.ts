import type { RejectCode } from '#lib/errors/reject-codes.ts'
import type { Headers, LogRecord } from './log.ts'

/** A decoded input record. */
export type Input<Value> = Readonly<{ value: Value; record: Omit<LogRecord, 'value'> }>

export type Output<Value> = Readonly<{ topic: string; key: string; value: Value; headers?: Headers }>

/** What a processor did with one record. A skip may leave a record of itself: it is counted by its reason all the same. */
export type Result<Value> =
  | Readonly<{ type: 'emit'; outputs: readonly Output<Value>[] }>
  | Readonly<{ type: 'skip'; reason: string; outputs?: readonly Output<Value>[] }>
  | Readonly<{ type: 'reject'; code: RejectCode; message: string }>

/**
 * The pure part of an app: synchronous, deterministic, no clock, no network. The runner (runner.ts) owns everything else.
 *
 * State is mutated in place and belongs to one input partition. It must be a function of the records of the last `horizon` and of the
 * `carry` values alone: after a restart the runner calls `initial(carry)`, folds silently from `restoreFrom` up to the committed offset,
 * and the state must equal one that was never disturbed. How records were cut into batches must not matter.
 */
export type Processor<In, Out, State> = Readonly<{
  /** `carry` is what `carry()` returned with the commit restored from; undefined at the very beginning. */
  initial(carry: unknown): State
  /** One result per record, in order. */
  process(batch: readonly Input<In>[], state: State): Result<Out>[]
  /** Present when state reaches back in time: see Memory. Absent: state needs no restore (or there is none). */
  memory?: Memory<In, State>
}>

export type Memory<In, State> = Readonly<{
  /** How far back, on `clockOf`'s axis, a record can still influence a result. Milliseconds. */
  horizonMillis: number
  /** The record's own time on the fold's clock. The clock is the running maximum of this; a value that is not finite is ignored. */
  clockOf(input: Input<In>): number
  /**
   * The few small values that outlive the horizon, as JSON. The runner takes it at its checkpoints, and commits the one taken at
   * `restoreFrom` (state as it stood just before that record): with a later one, the refold would see the future.
   */
  carry?(state: State): unknown
}>
