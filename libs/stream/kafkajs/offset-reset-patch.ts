import { kafkajsModule } from './internals.ts'

/**
 * kafkajs 2.2.4, on a fetch from an offset that the log no longer holds, commits "the beginning" (or "the end") for the group, also where
 * it was told not to commit: the group's offset is gone with all that was remembered beside it (no issue is filed; seen on Kafka 4.1).
 *
 * The patch moves only where this consumer reads, to the oldest record there is. Whoever processes commits when it has processed. And it says
 * what was jumped over: kafkajs goes on as if nothing had been between.
 */

/** Called with the offset that was asked for, and the one that reading goes on from. By member id. */
export const resetListeners = new Map<string, (jump: Partition & { from: number; to: number }) => void>()

type Partition = { topic: string; partition: number }
type OffsetManager = {
  cluster: {
    fetchTopicsOffset(
      topics: { topic: string; partitions: { partition: number }[]; fromBeginning: boolean }[],
    ): Promise<{ topic: string; partitions: { partition: number; offset: string }[] }[]>
  }
  memberId: string
  resolvedOffsets: Record<string, Record<number, string>>
  nextOffset(topic: string, partition: number): Readonly<{ toString(): string }>
  setDefaultOffset(partition: Partition): Promise<void>
}

const { prototype } = kafkajsModule('consumer/offsetManager') as { prototype: OffsetManager }

prototype.setDefaultOffset = async function (this: OffsetManager, { topic, partition }) {
  const [found] = await this.cluster.fetchTopicsOffset([{ topic, partitions: [{ partition }], fromBeginning: true }])
  const offset = found?.partitions.find((candidate) => candidate.partition === partition)?.offset
  if (offset === undefined) return
  const from = Number(this.nextOffset(topic, partition).toString())
  this.resolvedOffsets[topic]![partition] = offset
  resetListeners.get(this.memberId)?.({ topic, partition, from, to: Number(offset) })
}
