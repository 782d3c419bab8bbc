import type { Clock } from '#lib/clock/clock.ts'
import { FencedError } from '#lib/errors/errors.ts'
import type { CommittedOffset, NewRecord, TopicPartition, TransactionalProducer } from '#lib/stream/log.ts'
import type { MemoryPartition, MemoryTransaction } from './partition.ts'

/** Where a test may make a producer fail. A throw at `sent` leaves the transaction open, as a process that died there would. */
export type FaultPoint = 'fence' | 'send' | 'sent' | 'committed'
export type Fault = (point: FaultPoint, transactionalId: string) => void

type Storage = Readonly<{
  clock: Clock
  fault: Fault
  /** Appends and returns the partition that took the record. */
  append(record: NewRecord, transaction: MemoryTransaction): MemoryPartition
  commitPosition(group: string, partition: TopicPartition, committed: CommittedOffset): void
}>

type OpenTransaction = Readonly<{ transaction: MemoryTransaction; partitions: ReadonlySet<MemoryPartition> }>
type Owner = { epoch: number; open: OpenTransaction | null }

/** Hands out producers that fence each other by transactional id. */
export function createMemoryTransactions(storage: Storage): (transactionalId: string) => TransactionalProducer {
  const owners = new Map<string, Owner>()

  const settle = ({ transaction, partitions }: OpenTransaction, state: 'committed' | 'aborted') => {
    transaction.state = state
    for (const partition of partitions) partition.appendMarker(storage.clock.now(), transaction)
  }

  return (transactionalId) => {
    const owner = owners.get(transactionalId) ?? { epoch: 0, open: null }
    owners.set(transactionalId, owner)
    let epoch: number | null = null

    const assertOwned = () => {
      if (epoch !== owner.epoch)
        throw new FencedError(
          epoch === null
            ? `producer ${transactionalId} must fence() before its first transaction`
            : `producer ${transactionalId} was fenced: another one has taken its id over`,
        )
    }

    return {
      async fence() {
        storage.fault('fence', transactionalId)
        epoch = ++owner.epoch
        if (owner.open !== null) settle(owner.open, 'aborted')
        owner.open = null
      },

      async commitTransaction({ records, position, beforeCommit }) {
        assertOwned()
        storage.fault('send', transactionalId)
        const partitions = new Set<MemoryPartition>()
        const opened: OpenTransaction = { transaction: { state: 'open' }, partitions }
        owner.open = opened
        const abort = (error: unknown): never => {
          if (owner.open === opened) {
            settle(opened, 'aborted')
            owner.open = null
          }
          throw error
        }
        try {
          for (const record of records) partitions.add(storage.append(record, opened.transaction))
        } catch (error) {
          abort(error)
        }
        storage.fault('sent', transactionalId)
        await beforeCommit?.().catch(abort)
        assertOwned()
        if (position !== undefined) storage.commitPosition(position.group, position.partition, position.committed)
        settle(opened, 'committed')
        owner.open = null
        storage.fault('committed', transactionalId)
      },

      async close() {},
    }
  }
}
