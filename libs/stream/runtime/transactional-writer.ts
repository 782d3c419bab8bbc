import type { Clock } from '#lib/clock/clock.ts'
import { FatalError } from '#lib/errors/errors.ts'
import type { Log, NewRecord, TransactionalProducer } from '#lib/stream/log.ts'
import type { Logger } from '#lib/telemetry/logger.ts'

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

export function createTransactionalWriter({ log, clock, logger, transactionalId, state }: TransactionalWriterOptions): TransactionalWriter {
  /** Null: not open, or the outcome of the last write is unknown. */
  let producer: TransactionalProducer | null = null

  const close = async () => {
    const closing = producer
    producer = null
    await closing?.close()
  }

  return {
    async open() {
      await close()
      const begun = clock.monotonic()
      const opening = log.transactionalProducer(transactionalId)
      try {
        // The order matters: only after the fence is there no transaction left that could still change the state.
        await opening.fence()
        const newest = await readNewest(log, state)
        producer = opening
        logger.info({ transactionalId, stateBytes: newest?.length ?? 0, millis: clock.monotonic() - begun }, 'took over as the writer')
        return newest
      } catch (error) {
        await opening.close()
        throw error
      }
    },

    async write(records, value) {
      if (producer === null) throw new FatalError(`writer ${transactionalId} is not open: open() first, and after every error of write()`)
      try {
        await producer.commitTransaction({ records: [...records, { ...state, value }] })
      } catch (error) {
        await close()
        throw error
      }
    },

    close,
  }
}

async function readNewest(log: Log, { topic, key }: TransactionalWriterOptions['state']): Promise<Buffer | null> {
  let newest: Buffer | null = null
  const follower = await log.follow([topic], (records) => {
    for (const record of records) if (record.key === key) newest = record.value
  })
  try {
    await follower.caughtUp
  } finally {
    await follower.stop()
  }
  return newest
}
