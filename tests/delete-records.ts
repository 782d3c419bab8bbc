import { Kafka, logLevel } from 'kafkajs'

/** As retention does, at once, to partition 0 of the topic. */
export async function deleteRecordsBefore(brokers: readonly string[], topic: string, offset: number): Promise<void> {
  const admin = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  // kafkajs knows the partition's leader only after it has asked for something else.
  await admin.fetchTopicOffsets(topic)
  await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: String(offset) }] })
  await admin.disconnect()
}
