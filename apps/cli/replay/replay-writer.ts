import type { Clock } from '#lib/clock/clock.ts'
import { FatalError, RetryableError } from '#lib/errors/errors.ts'
import type { Log, LogAdmin, NewRecord, TopicPartition, TransactionalProducer } from '#lib/stream/log.ts'

/**
 * Writes one partition of a replay exactly once, however often it is killed:
 *
 *   1. fence      an earlier replay into this partition can write no more, and what it left open is settled
 *   2. position   read only then: the offset of the source from which to go on
 *   3. write      records and the new position in one transaction, again and again
 *
 * The position is kept as the offset of a group without members, in the partition that is written to.
 */
export interface ReplayWriter {
  /** Steps 1 and 2. FatalError where the partition holds records of something else. */
  open(): Promise<number>
  /** Step 3: these records are the source's up to `nextOffset`. Tries again until it is known to have happened. */
  write(records: readonly NewRecord[], nextOffset: number): Promise<void>
  close(): Promise<void>
}

export type ReplayWriterOptions = Readonly<{
  log: Log
  clock: Clock
  group: string
  target: TopicPartition
  /** Names what is replayed: another one cannot be continued with. */
  sourceName: string
  onWait?: (problem: string) => void
}>

const pauseMillis = 500

export function createReplayWriter({ log, clock, group, target, sourceName, onWait }: ReplayWriterOptions): ReplayWriter {
  const admin = log.admin()
  const where = `${target.topic}-${target.partition}`
  let producer: TransactionalProducer | null = null
  const positionAt = (offset: number) => ({ group, partition: target, committed: { offset, metadata: sourceName } })

  const open = async (): Promise<number> => {
    await producer?.close()
    producer = log.transactionalProducer(`${group}-${where}`)
    await producer.fence()
    const position = await admin.committed(group, target)
    if (position === null) {
      await requireEmpty(admin, target)
      // Before the first record: a replay killed in its first transaction is told from a topic that somebody else wrote to.
      await producer.commitTransaction({ records: [], position: positionAt(0) })
      return 0
    }
    if (position.metadata === sourceName) return position.offset
    throw new FatalError(
      `${where} holds a replay of ${position.metadata}, not of ${sourceName}: choose another name (--to), or remove that one (flipstream runs rm)`,
    )
  }

  /** Until it succeeds: what fails because the broker is away passes, and nothing is lost meanwhile. */
  const persevere = async <T>(attempt: () => Promise<T>): Promise<T> => {
    for (;;) {
      try {
        return await attempt()
      } catch (error) {
        if (!(error instanceof RetryableError)) throw error
        onWait?.(error.message)
        await clock.sleep(pauseMillis)
      }
    }
  }

  return {
    open: () => persevere(open),
    async write(records, nextOffset) {
      let isKnown = true
      await persevere(async () => {
        try {
          // Whether an attempt of unknown outcome happened is what the position says: if it did, there is nothing left to do.
          if (!isKnown && (await open()) >= nextOffset) return
          await producer!.commitTransaction({ records, position: positionAt(nextOffset) })
        } catch (error) {
          isKnown = false
          throw error
        }
      })
    },
    async close() {
      await producer?.close()
      await admin.close()
    },
  }
}

async function requireEmpty(admin: LogAdmin, { topic, partition }: TopicPartition): Promise<void> {
  const found = (await admin.offsets(topic)).find((candidate) => candidate.partition === partition)
  if ((found?.next ?? 0) === 0) return
  throw new FatalError(`${topic}-${partition} holds records that no replay wrote: choose another name (--to)`)
}
