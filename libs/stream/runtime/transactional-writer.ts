import type { Clock } from '#lib/clock/clock.ts'
import { FatalError, FencedError } from '#lib/errors/errors.ts'
import type { Log, LogRecord, NewRecord, TransactionalProducer } from '#lib/stream/log.ts'
import type { Logger } from '#lib/telemetry/logger.ts'

/**
 * For a source (the collector): events and the source's own place are written in one transaction, so that a restart neither skips nor
 * repeats. One active writer per transactional id: opening fences the one before.
 */
export interface TransactionalWriter {
  /**
   * Takes over, settles what the writer before left open, and returns the newest state (null: none yet). Only then is the state final.
   * The first time it claims the state, by writing it once more under its own id, so that whoever wrote before can tell a successor.
   * Call it before the first `write`, and again after any RetryableError of `write`: the state it returns says whether that one happened.
   * Call it once after a FencedError, too: a broker that was away for longer than a transaction may last fences its writers without a
   * successor. FencedError from here is believed: another writer has claimed the state since.
   */
  open(): Promise<Buffer | null>
  /**
   * Records and the new state, all or nothing. RetryableError: unknown whether it happened, `open` again.
   * FencedError: our epoch is over; `open` tells whether somebody else has taken over.
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
  /** What is no state of ours is passed over: the newest one before it holds. Default: any value is one. RetryableError: not known now. */
  isState?: (value: Buffer) => boolean | Promise<boolean>
}>

/** On each record of the state: which writer wrote it, by an id that no other start has. */
const writerHeader = 'writer-id'

export function createTransactionalWriter({
  log,
  clock,
  logger,
  transactionalId,
  state,
  isState = () => true,
}: TransactionalWriterOptions): TransactionalWriter {
  /** Null: not open, or the outcome of the last write is unknown. */
  let producer: TransactionalProducer | null = null
  const writerId = clock.uniqueId()
  let hasClaimed = false
  const stateRecord = (value: Buffer | null): NewRecord => ({ ...state, value, headers: { [writerHeader]: writerId } })

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
        const newest = await readNewest(log, state, isState)
        if (hasClaimed && newest?.headers[writerHeader] !== writerId)
          throw new FencedError(`another ${transactionalId} has taken over and written since: this one ends`)
        if (!hasClaimed) await opening.commitTransaction({ records: [stateRecord(newest?.value ?? null)] })
        hasClaimed = true
        producer = opening
        const stateBytes = newest?.value?.length ?? 0
        logger.info({ transactionalId, stateBytes, millis: Math.round(clock.monotonic() - begun) }, 'took over as the writer')
        return newest?.value ?? null
      } catch (error) {
        await opening.close()
        throw error
      }
    },

    async write(records, value) {
      if (producer === null) throw new FatalError(`writer ${transactionalId} is not open: open() first, and after every error of write()`)
      try {
        await producer.commitTransaction({ records: [...records, stateRecord(value)] })
      } catch (error) {
        await close()
        throw error
      }
    },

    close,
  }
}

async function readNewest(
  log: Log,
  { topic, key }: TransactionalWriterOptions['state'],
  isState: NonNullable<TransactionalWriterOptions['isState']>,
): Promise<LogRecord | null> {
  let newest: LogRecord | null = null
  const follower = await log.follow([topic], async (records) => {
    for (const record of records) if (record.key === key && (record.value === null || (await isState(record.value)))) newest = record
  })
  try {
    await Promise.race([follower.caughtUp, follower.finished])
  } finally {
    await follower.stop()
  }
  return newest
}
