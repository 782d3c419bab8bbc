import type {
  CommittedOffset,
  Consumer,
  FetchedBatch,
  Log,
  LogAdmin,
  NewRecord,
  Producer,
  TopicPartition,
  TransactionalProducer,
} from '#lib/stream/log.ts'

/** Writes the work of one input partition down: outputs and position, by the guarantee asked for. */
export interface Committer {
  /**
   * Takes the partition over and returns the position it stands at. Once it has, nobody who had the partition before can change either
   * outputs or position any more (exactly once), and a commit of unknown outcome is settled: the position tells how.
   */
  takeOver(): Promise<CommittedOffset | null>
  /** Any error: the outcome is unknown until `takeOver` is called again. */
  commit(records: readonly NewRecord[], committed: CommittedOffset, batch: FetchedBatch): Promise<void>
  close(): Promise<void>
}

type CommitterOptions = Readonly<{ log: Log; admin: LogAdmin; group: string; partition: TopicPartition }>

/**
 * Exactly once, with one transactional producer per input partition. The order is what makes it so:
 *
 *   1. `fence()` with the partition's own transactional id. From here on the producer of whoever had the partition before is refused,
 *      and the transaction it may have left open, or sent a commit for, is settled. Connecting alone does not do that.
 *   2. Only now is the group's committed offset final. Read it, and go on from there, whatever batch is in hand.
 *   3. Send outputs and dead letters, then add the offset to the transaction. Nothing of it is visible to a read-committed reader.
 *   4. Ask the group whether we still belong (`heartbeat`), last thing before the commit: a process that was frozen for longer than its
 *      session gives up here. If it does not notice, step 1 of the new owner makes its commit fail.
 *   5. Commit: outputs and offset become visible together.
 *   6. After any error the outcome is unknown (the answer to a commit may be lost after the commit happened). Throw the producer away;
 *      a new one begins at step 1, which settles the old transaction, and the offset of step 2 says how it ended.
 *
 * Step 1 is only for the owner: a member that was fenced takes over again only under a new assignment, or two would fence each other.
 */
export function createExactlyOnceCommitter({ log, admin, group, partition }: CommitterOptions): Committer {
  const transactionalId = `${group}-${partition.topic}-${partition.partition}`
  let producer: TransactionalProducer | null = null

  const close = async () => {
    const closing = producer
    producer = null
    await closing?.close()
  }

  return {
    async takeOver() {
      await close()
      producer = log.transactionalProducer(transactionalId)
      await producer.fence()
      return admin.committed(group, partition)
    },
    commit: (records, committed, batch) =>
      producer!.commitTransaction({ records, position: { group, partition, committed }, beforeCommit: batch.heartbeat }),
    close,
  }
}

/** At least once: the position follows the outputs. A death in between sends them again. */
export function createAtLeastOnceCommitter({ log, admin, group, partition }: CommitterOptions, consumer: Consumer): Committer {
  let producer: Producer | null = null

  const close = async () => {
    const closing = producer
    producer = null
    await closing?.close()
  }

  return {
    async takeOver() {
      await close()
      producer = log.producer()
      return admin.committed(group, partition)
    },
    async commit(records, committed) {
      if (records.length > 0) await producer!.send(records)
      await consumer.commit(partition, committed)
    },
    close,
  }
}
