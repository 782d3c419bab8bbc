import kafkajs, { type Kafka } from 'kafkajs'
import { expect, it } from 'vitest'
import { RetryableError } from '#lib/errors/errors.ts'
import { createKafkajsAdmin } from './admin.ts'

it('questions that share a connection: one that fails closes it, and the others are worth asking again', async () => {
  const refused = new kafkajs.KafkaJSConnectionError('connect ECONNREFUSED', { broker: 'b:1' } as never)
  const asked = Promise.withResolvers<never>()
  let connections = 0
  const kafka = {
    admin: () => ({
      connect: async () => void connections++,
      // As kafkajs fails where metadata is being refreshed at that moment.
      disconnect: async () => asked.reject(new TypeError("Cannot read properties of null (reading 'brokers')")),
      fetchOffsets: () => asked.promise,
      listTopics: () => (connections === 1 ? Promise.reject(refused) : Promise.resolve(['t'])),
    }),
  } as unknown as Kafka
  const admin = createKafkajsAdmin(kafka)
  const overlapping = admin.committed('group', { topic: 't', partition: 0 })
  const [first, second] = await Promise.allSettled([admin.listTopics(), overlapping])
  expect(first).toMatchObject({ status: 'rejected', reason: expect.any(RetryableError) })
  expect(second).toMatchObject({ status: 'rejected', reason: expect.any(RetryableError) })
  expect(await admin.listTopics()).toEqual(['t'])
  expect(connections).toBe(2)
})

it('a topic of which no partition is known yet is worth asking for again', async () => {
  // As kafkajs fails where the metadata of a broker that has just started name the topic alone.
  const fetchTopicOffsets = async () => {
    const { partitions } = [].pop() as unknown as { partitions: [] }
    return partitions
  }
  const kafka = { admin: () => ({ connect: async () => {}, disconnect: async () => {}, fetchTopicOffsets }) } as unknown as Kafka
  await expect(createKafkajsAdmin(kafka).offsets('t')).rejects.toThrow(RetryableError)
})

it('metadata that a failed question took away are worth asking for again', async () => {
  const fetchTopicMetadata = async () => (null as unknown as { topicMetadata: [] }).topicMetadata
  const kafka = { admin: () => ({ connect: async () => {}, disconnect: async () => {}, fetchTopicMetadata }) } as unknown as Kafka
  await expect(createKafkajsAdmin(kafka).partitionCount('t')).rejects.toThrow(RetryableError)
})
