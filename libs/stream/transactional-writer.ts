import type { Clock } from '#lib/clock/clock.ts'
import type { Logger } from '#lib/telemetry/logger.ts'
import { FatalError } from './errors.ts'
import type { Log, NewRecord } from './log.ts'

/**
 * For a source (the collector): events and the source's own place are written in one transaction, so that a restart neither skips nor
 * repeats. One active writer per transactional id: opening fences the one before.
 */
export interface TransactionalWriter {
  /**
   * Takes over, settles what the writer before left open, and returns the newest state (null: none yet). Only then is the state final.
   * Call it before the first `write`, and again after any RetryableError of `write`: the state it returns says whether that one happened.
   */
  open(): Promise<Buffer | null>
  /**
   * Records and the new state, all or nothing. RetryableError: unknown whether it happened, `open` again.
   * FencedError: another writer has taken over; give up, or `open` to take over in turn.
   */
  write(records: readonly NewRecord[], state: Buffer): Promise<void>
  close(): Promise<void>
}

export type TransactionalWriterOptions = Readonly<{
  log: Log
  clock: Clock
  logger: Logger
  /** Names the source, with the run's prefix. */
  transactionalId: string
  /** Compacted topic and key of the state. */
  state: Readonly<{ topic: string; key: string }>
}>

export function createTransactionalWriter(_options: TransactionalWriterOptions): TransactionalWriter {
  throw new FatalError('not built yet: its types are settled, its body follows')
}
