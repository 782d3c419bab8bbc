import { createRequire } from 'node:module'
import { describe, expect, it } from 'vitest'
import { createSendMessages } from './send-patch.ts'

const require = createRequire(import.meta.url)
const createRetry = require('kafkajs/src/retry')
const createTopicData = require('kafkajs/src/producer/createTopicData')
const { KafkaJSError, KafkaJSProtocolError } = require('kafkajs/src/errors')

const moved = () => new KafkaJSProtocolError({ type: 'NOT_LEADER_FOR_PARTITION', code: 6, retriable: true, message: 'moved' })
const timedOut = () => new KafkaJSError('no answer in time')

type Produced = { nodeId: number; partition: number; firstSequence: number; values: string[] }
type Behaviour = (request: { nodeId: number; partitions: number[]; attempt: number; store(): void }) => void | Promise<void>

/** A cluster whose brokers keep what they are sent as Kafka does: a batch with sequence numbers that it has is acknowledged, not stored. */
function createCluster({ leaders, behave }: { leaders: Record<number, number>; behave: Behaviour }) {
  const stored: Produced[] = []
  const refused: Produced[] = []
  const added: number[][] = []
  const sequences = new Map<number, number>()
  const attempts = new Map<number, number>()
  let refreshes = 0

  const append = (batch: Produced) => {
    if (stored.some(({ partition, firstSequence }) => partition === batch.partition && firstSequence === batch.firstSequence)) return
    const next = stored.filter(({ partition }) => partition === batch.partition).reduce((sum, { values }) => sum + values.length, 0)
    if (batch.firstSequence === next) stored.push(batch)
    else refused.push(batch)
  }
  const broker = (nodeId: number) => ({
    nodeId,
    async produce({ topicData }: { topicData: { topic: string; partitions: never[] }[] }) {
      const batches = topicData.flatMap(({ partitions }) =>
        partitions.map(
          ({ partition, messages, firstSequence }: { partition: number; messages: { value: string }[]; firstSequence: number }) => ({
            nodeId,
            partition,
            firstSequence,
            values: messages.map(({ value }) => value),
          }),
        ),
      )
      const attempt = (attempts.get(nodeId) ?? 0) + 1
      attempts.set(nodeId, attempt)
      await behave({ nodeId, partitions: batches.map(({ partition }) => partition), attempt, store: () => batches.forEach(append) })
      batches.forEach(append)
      return {
        topics: [{ topicName: 't', partitions: batches.map(({ partition }) => ({ partition, errorCode: 0, baseOffset: '0' })) }],
      }
    },
  })
  const brokers = new Map([1, 2, 3].map((nodeId) => [String(nodeId), broker(nodeId)]))

  const send = createSendMessages({
    logger: { debug() {}, error() {} },
    cluster: {
      addMultipleTargetTopics: async () => {},
      refreshMetadataIfNecessary: async () => {},
      refreshMetadata: async () => void refreshes++,
      connect: async () => {},
      isConnected: () => true,
      findTopicPartitionMetadata: () => Object.keys(leaders),
      findLeaderForPartitions: (_topic, partitions) => (partitions[0]! in leaders ? { [leaders[partitions[0]!]!]: [...partitions] } : {}),
      findBroker: async ({ nodeId }) => brokers.get(nodeId)!,
      removeBroker() {},
    },
    partitioner: ({ message }) => (message as { partition: number }).partition,
    eosManager: {
      isTransactional: () => true,
      getTransactionalId: () => 'id',
      getProducerId: () => 1,
      getProducerEpoch: () => 0,
      getSequence: (_topic, partition) => sequences.get(partition) ?? 0,
      updateSequence: (_topic, partition, increment) => void sequences.set(partition, (sequences.get(partition) ?? 0) + increment),
      addPartitionsToTransaction: async (topicData) => {
        added.push(topicData.flatMap(({ partitions }) => partitions.map(({ partition }) => partition)))
      },
    },
    retrier: createRetry({ initialRetryTime: 1, retries: 5 }),
  })
  const sendValues = (values: Record<number, string[]>) =>
    send({
      acks: -1,
      timeout: 1_000,
      compression: 0,
      topicMessages: [
        {
          topic: 't',
          messages: Object.entries(values).flatMap(([partition, some]) => some.map((value) => ({ partition: Number(partition), value }))),
        },
      ],
    })
  const valuesOf = (partition: number) => stored.filter((batch) => batch.partition === partition).flatMap(({ values }) => values)
  return { leaders, sendValues, stored, refused, added, valuesOf, refreshes: () => refreshes }
}

describe('kafkajs with its sending patched: clusters of more than one broker', () => {
  it('sends a partition whose leader moved to a broker that has answered already', async () => {
    const cluster = createCluster({
      leaders: { 0: 1, 1: 2 },
      behave: ({ nodeId }) => {
        if (nodeId !== 2) return
        cluster.leaders[1] = 1
        throw moved()
      },
    })
    const answers = await cluster.sendValues({ 0: ['a'], 1: ['b'] })
    expect(answers.map(({ partition }) => partition).sort()).toEqual([0, 1])
    expect([cluster.valuesOf(0), cluster.valuesOf(1)]).toEqual([['a'], ['b']])
  })

  it('begins the next attempt only when all requests of the failed one have ended, and sends again only what failed', async () => {
    let release = () => {}
    const released = new Promise<void>((resolve) => (release = resolve))
    const requests: string[] = []
    const cluster = createCluster({
      leaders: { 0: 1, 1: 2 },
      behave: async ({ nodeId, partitions, attempt }) => {
        requests.push(`${nodeId}: ${partitions}`)
        if (nodeId === 1) await released
        if (nodeId === 2 && attempt === 1) throw moved()
      },
    })
    const sent = cluster.sendValues({ 0: ['a'], 1: ['b'] })
    await new Promise((resolve) => setTimeout(resolve, 30))
    expect(requests).toEqual(['1: 0', '2: 1'])
    release()
    await sent
    expect(requests).toEqual(['1: 0', '2: 1', '2: 1'])
    expect([cluster.valuesOf(0), cluster.valuesOf(1)]).toEqual([['a'], ['b']])
  })

  it('keeps a batch and its sequence numbers over a lost answer: the broker knows it again', async () => {
    const cluster = createCluster({
      leaders: { 0: 1, 1: 1 },
      behave: ({ attempt, store }) => {
        if (attempt > 2) return
        store()
        throw timedOut()
      },
    })
    await cluster.sendValues({ 0: ['a', 'b'], 1: ['c'] })
    await cluster.sendValues({ 0: ['d'] })
    expect([cluster.valuesOf(0), cluster.valuesOf(1)]).toEqual([['a', 'b', 'd'], ['c']])
    expect(cluster.refused).toEqual([])
  })

  it('lets sends that overlap run one after the other, so that a retry never takes the numbers of another', async () => {
    const cluster = createCluster({
      leaders: { 0: 1 },
      behave: ({ attempt, store }) => {
        if (attempt !== 1) return
        store()
        throw timedOut()
      },
    })
    await Promise.all([cluster.sendValues({ 0: ['a'] }), cluster.sendValues({ 0: ['b'] }), cluster.sendValues({ 0: ['c'] })])
    expect(cluster.valuesOf(0)).toEqual(['a', 'b', 'c'])
    expect(cluster.refused).toEqual([])
  })

  it('lets all partitions join the transaction before the first record goes out', async () => {
    let addedAtFirstRequest = -1
    const cluster = createCluster({
      leaders: { 0: 1, 1: 2, 2: 3 },
      behave: () => {
        if (addedAtFirstRequest < 0) addedAtFirstRequest = cluster.added.flat().length
      },
    })
    await cluster.sendValues({ 0: ['a'], 1: ['b'], 2: ['c'] })
    expect(addedAtFirstRequest).toBe(3)
  })

  it('fails, and does not report success, while a partition has no leader that is known', async () => {
    const cluster = createCluster({ leaders: { 0: 1 }, behave: () => {} })
    await expect(cluster.sendValues({ 0: ['a'], 7: ['b'] })).rejects.toThrow('partition 7')
    expect(cluster.refreshes()).toBeGreaterThan(0)
  })

  it('gives up at once where another attempt cannot help, and the next send still works', async () => {
    const cluster = createCluster({
      leaders: { 0: 1 },
      behave: ({ attempt }) => {
        if (attempt === 1) throw new KafkaJSProtocolError({ type: 'MESSAGE_TOO_LARGE', code: 10, retriable: false, message: 'too large' })
      },
    })
    await expect(cluster.sendValues({ 0: ['a'] })).rejects.toThrow('too large')
    expect(cluster.valuesOf(0)).toEqual([])
    await expect(cluster.sendValues({ 0: ['b'] })).resolves.toHaveLength(1)
  })

  it("kafkajs's own way of building requests is as it was when the patch was written", () => {
    const data = createTopicData([{ topic: 't', partitions: [3], messagesPerPartition: { 3: ['m'] } }])
    expect(data).toEqual([{ topic: 't', partitions: [{ partition: 3, messages: ['m'] }] }])
  })
})
