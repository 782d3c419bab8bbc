import type { Kafka } from 'kafkajs'
import { kafkajsModule, reloadKafkajsModule } from './internals.ts'

/**
 * kafkajs 2.2.4 loses and doubles records on clusters of more than one broker, and reports success (upstream PR #1798, never released,
 * mends a part of it). Its `sendMessages`
 *   1. remembers what was acknowledged by broker: a partition whose leader moves to a broker that has answered already is never sent;
 *   2. begins the next attempt while requests of the failed one are still in flight: their records go out again with new sequence numbers;
 *   3. gives the sequence numbers of a failed request back: where the request arrived and only its answer was lost, a send that overlaps
 *      takes the same numbers for other records, which the broker then drops as the ones it has;
 *   4. partitions records anew at each attempt;
 *   5. leaves out, without a word, a partition that the newest metadata does not know.
 *
 * Here, as in Kafka's own client: records are given their partition once, and a sequence number once. An attempt ends when all its
 * requests have ended. Acknowledgements are kept by partition, and a send ends when it has one for each. All partitions join the
 * transaction before the first record goes out. Sends of one producer run one after the other, retries included.
 *
 * A send that fails for good leaves numbers behind that the broker may never have seen: the producer must be thrown away, which
 * `producers.ts` does after any error.
 */

type Acknowledgement = Readonly<{ topicName: string; partition: number; errorCode: number }>
type TopicData = { topic: string; partitions: PartitionData[] }
type PartitionData = { partition: number; messages: readonly unknown[]; firstSequence?: number }
type Broker = Readonly<{
  nodeId: number
  produce(request: object): Promise<{ topics: { topicName: string; partitions: Omit<Acknowledgement, 'topicName'>[] }[] }>
}>
type Cluster = Readonly<{
  addMultipleTargetTopics(topics: readonly string[]): Promise<void>
  refreshMetadataIfNecessary(): Promise<void>
  refreshMetadata(): Promise<void>
  connect(): Promise<void>
  isConnected(): boolean
  findTopicPartitionMetadata(topic: string): readonly unknown[]
  findLeaderForPartitions(topic: string, partitions: readonly number[]): Record<string, number[]>
  findBroker(node: { nodeId: string }): Promise<Broker>
  removeBroker(address: { host: string; port: number }): void
}>
type EosManager = Readonly<{
  isTransactional(): boolean
  getTransactionalId(): string
  getProducerId(): number
  getProducerEpoch(): number
  getSequence(topic: string, partition: number): number
  updateSequence(topic: string, partition: number, increment: number): void
  addPartitionsToTransaction(topicData: readonly TopicData[]): Promise<void>
}>
type Dependencies = Readonly<{
  logger: Readonly<{ debug(message: string, details?: object): void; error(message: string, details?: object): void }>
  cluster: Cluster
  partitioner(sending: { topic: string; partitionMetadata: readonly unknown[]; message: unknown }): number
  eosManager: EosManager
  retrier<T>(attempt: (bail: (error: unknown) => void, retryCount: number, retryTime: number) => Promise<T | undefined>): Promise<T>
}>
type SendRequest = Readonly<{
  acks: number
  timeout: number
  compression: number
  topicMessages: readonly { topic: string; messages: readonly unknown[] }[]
}>
type KafkajsError = Error & { type?: string; retriable?: boolean; host?: string; port?: number }

const { KafkaJSError, KafkaJSMetadataNotLoaded } = kafkajsModule('errors') as Record<string, new (message: string) => Error>

/** A record batch for one partition, from the moment it has its sequence number until it is acknowledged. */
type Batch = Readonly<{ topic: string; data: PartitionData }>

export function createSendMessages(dependencies: Dependencies) {
  let last: Promise<unknown> = Promise.resolve()
  return (request: SendRequest): Promise<Acknowledgement[]> => {
    const sent = last.then(() => send(request, dependencies))
    last = sent.catch(() => {})
    return sent
  }
}

function send(request: SendRequest, dependencies: Dependencies): Promise<Acknowledgement[]> {
  const { logger, cluster, retrier } = dependencies
  const attempt = createAttempt(request, dependencies)
  return retrier(async (bail, retryCount, retryTime) => {
    try {
      return await attempt()
    } catch (caught) {
      const error = caught as KafkajsError
      if (error.name === 'KafkaJSConnectionClosedError') cluster.removeBroker({ host: error.host!, port: error.port! })
      if (!cluster.isConnected()) {
        logger.debug(`Cluster has disconnected, reconnecting: ${error.message}`, { retryCount, retryTime })
        await cluster.connect()
        await cluster.refreshMetadata()
        throw error
      }
      logger.error(`Failed to send messages: ${error.message}`, { retryCount, retryTime })
      if (!mayRetry(error)) {
        bail(error)
        return undefined
      }
      // The coordinator is still busy with the transaction before: no leader has moved.
      if (error.type !== 'CONCURRENT_TRANSACTIONS') await cluster.refreshMetadata()
      throw error
    }
  })
}

/** Each attempt sends what no attempt before it was given an answer for. */
function createAttempt(request: SendRequest, dependencies: Dependencies): () => Promise<Acknowledgement[]> {
  const { cluster, eosManager } = dependencies
  const acknowledged = new Map<string, Acknowledgement>()
  const isOpen = ({ topic, data }: Batch) => !acknowledged.has(keyOf(topic, data.partition))
  let batches: readonly Batch[] | null = null

  return async () => {
    await cluster.addMultipleTargetTopics(request.topicMessages.map(({ topic }) => topic))
    await cluster.refreshMetadataIfNecessary()
    batches ??= partitionBatches(request, dependencies)
    const open = batches.filter(isOpen)
    const leaders = byLeader(open, cluster)
    if (eosManager.isTransactional()) await eosManager.addPartitionsToTransaction(toTopicData(open))
    assignSequences(open, eosManager)

    const requests = [...leaders].map(async ([nodeId, some]) => {
      for (const answer of await produce(nodeId, some, request, dependencies))
        acknowledged.set(keyOf(answer.topicName, answer.partition), answer)
    })
    const failed = (await Promise.allSettled(requests)).filter((outcome) => outcome.status === 'rejected')
    // What no attempt can mend decides; else any failure brings the next attempt.
    const decisive = failed.find(({ reason }) => !mayRetry(reason)) ?? failed[0]
    if (decisive !== undefined) throw decisive.reason
    const missing = batches.find(isOpen)
    if (missing !== undefined) throw new KafkaJSError!(`no answer for partition ${missing.data.partition} of topic ${missing.topic}`)
    return [...acknowledged.values()]
  }
}

function partitionBatches({ topicMessages }: SendRequest, { cluster, partitioner }: Dependencies): Batch[] {
  return topicMessages.flatMap(({ topic, messages }) => {
    const partitionMetadata = cluster.findTopicPartitionMetadata(topic)
    if (partitionMetadata.length === 0) throw new KafkaJSMetadataNotLoaded!(`no metadata of topic ${topic}`)
    const byPartition = new Map<number, unknown[]>()
    for (const message of messages) {
      const partition = partitioner({ topic, partitionMetadata, message })
      const some = byPartition.get(partition)
      if (some === undefined) byPartition.set(partition, [message])
      else some.push(message)
    }
    return [...byPartition].map(([partition, some]) => ({ topic, data: { partition, messages: some } }))
  })
}

/** Once for each batch, whatever becomes of it. */
function assignSequences(batches: readonly Batch[], eosManager: EosManager): void {
  for (const { topic, data } of batches) {
    if (data.firstSequence !== undefined) continue
    data.firstSequence = eosManager.getSequence(topic, data.partition)
    eosManager.updateSequence(topic, data.partition, data.messages.length)
  }
}

function byLeader(batches: readonly Batch[], cluster: Cluster): Map<string, Batch[]> {
  const leaders = new Map<string, Batch[]>()
  for (const batch of batches) {
    const { topic, data } = batch
    const [leader] = Object.keys(cluster.findLeaderForPartitions(topic, [data.partition]))
    if (leader === undefined) throw new KafkaJSMetadataNotLoaded!(`no metadata of partition ${data.partition} of topic ${topic}`)
    const some = leaders.get(leader)
    if (some === undefined) leaders.set(leader, [batch])
    else some.push(batch)
  }
  return leaders
}

async function produce(
  nodeId: string,
  batches: readonly Batch[],
  { acks, timeout, compression }: SendRequest,
  { cluster, eosManager }: Dependencies,
): Promise<Acknowledgement[]> {
  const broker = await cluster.findBroker({ nodeId })
  const response = await broker.produce({
    transactionalId: eosManager.isTransactional() ? eosManager.getTransactionalId() : undefined,
    producerId: eosManager.getProducerId(),
    producerEpoch: eosManager.getProducerEpoch(),
    acks,
    timeout,
    compression,
    topicData: toTopicData(batches),
  })
  if (acks === 0) return batches.map(({ topic, data }) => ({ topicName: topic, partition: data.partition, errorCode: 0 }))
  return response.topics.flatMap(({ topicName, partitions }) => partitions.map((partition) => ({ ...partition, topicName })))
}

const keyOf = (topic: string, partition: number): string => `${topic}-${partition}`

const staleMetadata = new Set(['UNKNOWN_TOPIC_OR_PARTITION', 'LEADER_NOT_AVAILABLE', 'NOT_LEADER_FOR_PARTITION'])
const staleConnection = new Set(['KafkaJSMetadataNotLoaded', 'KafkaJSConnectionError', 'KafkaJSConnectionClosedError'])

const mayRetry = ({ name, type, retriable }: KafkajsError): boolean =>
  retriable === true || staleMetadata.has(type ?? '') || staleConnection.has(name)

function toTopicData(batches: readonly Batch[]): TopicData[] {
  const topics = new Map<string, PartitionData[]>()
  for (const { topic, data } of batches) {
    const partitions = topics.get(topic)
    if (partitions === undefined) topics.set(topic, [data])
    else partitions.push(data)
  }
  return [...topics].map(([topic, partitions]) => ({ topic, partitions }))
}

/** kafkajs's client with `createSendMessages` inside, whoever may have imported kafkajs before. */
export const PatchedKafka = reloadKafkajsModule(
  'index',
  ['producer/index', 'producer/messageProducer'],
  'producer/sendMessages',
  createSendMessages,
) as typeof Kafka
