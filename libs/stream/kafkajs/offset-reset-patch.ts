import { kafkajsModule } from './internals.ts'

/**
 * kafkajs 2.2.4, on a fetch from an offset that the log no longer holds, commits "the beginning" (or "the end") for the group, also where
 * it was told not to commit: the group's offset is gone with all that was remembered beside it (no issue is filed; seen on Kafka 4.1).
 *
 * The patch moves only where this consumer reads, as Kafka's own client does. Whoever processes commits when it has processed.
 */

type Partition = { topic: string; partition: number }
type OffsetManager = {
  cluster: {
    fetchTopicsOffset(
      topics: { topic: string; partitions: { partition: number }[]; fromBeginning: boolean }[],
    ): Promise<{ topic: string; partitions: { partition: number; offset: string }[] }[]>
  }
  topicConfigurations: Record<string, { fromBeginning?: boolean }>
  resolvedOffsets: Record<string, Record<number, string>>
  setDefaultOffset(partition: Partition): Promise<void>
}

const { prototype } = kafkajsModule('consumer/offsetManager') as { prototype: OffsetManager }

prototype.setDefaultOffset = async function (this: OffsetManager, { topic, partition }) {
  const fromBeginning = this.topicConfigurations[topic]?.fromBeginning ?? false
  const [found] = await this.cluster.fetchTopicsOffset([{ topic, partitions: [{ partition }], fromBeginning }])
  const offset = found?.partitions.find((candidate) => candidate.partition === partition)?.offset
  if (offset !== undefined) this.resolvedOffsets[topic]![partition] = offset
}
