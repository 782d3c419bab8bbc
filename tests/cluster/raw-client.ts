import { kafkajsModule } from '#lib/stream/kafkajs/internals.ts'

/**
 * Kafka's requests one by one, as a client without manners would send them: for the id of a coordinator, and for showing what happens to
 * those who go on with a producer id and epoch whose last request has no answer.
 */
export type RawBroker = Readonly<{
  nodeId: number | string
  initProducerId(request: { transactionalId: string; transactionTimeout: number }): Promise<RawProducer>
  addPartitionsToTxn(
    request: RawProducer & { transactionalId: string; topics: readonly { topic: string; partitions: readonly number[] }[] },
  ): Promise<unknown>
  produce(request: RawProducer & { transactionalId: string; topicData: readonly object[] }): Promise<unknown>
  endTxn(request: RawProducer & { transactionalId: string; transactionResult: boolean }): Promise<unknown>
}>
export type RawProducer = Readonly<{ producerId: number; producerEpoch: number }>

export type RawCluster = Readonly<{
  connect(): Promise<void>
  disconnect(): Promise<void>
  addTargetTopic(topic: string): Promise<void>
  findGroupCoordinator(request: { groupId: string; coordinatorType: number }): Promise<RawBroker>
  findLeaderForPartitions(topic: string, partitions: readonly number[]): Record<string, number[]>
  findBroker(node: { nodeId: string }): Promise<RawBroker>
}>

const Cluster = kafkajsModule('cluster') as new (options: object) => RawCluster
const { createLogger, LEVELS } = kafkajsModule('loggers') as { createLogger(options: object): object; LEVELS: { NOTHING: number } }
const createSocketFactory = kafkajsModule('network/socketFactory') as () => object
export const coordinatorTypes = { group: 0, transaction: 1 } as const

export async function openRawCluster(brokers: readonly string[], requestTimeout = 15_000): Promise<RawCluster> {
  const cluster = new Cluster({
    brokers,
    clientId: 'raw',
    connectionTimeout: 3_000,
    requestTimeout,
    enforceRequestTimeout: true,
    metadataMaxAge: 300_000,
    retry: { retries: 20, initialRetryTime: 50, maxRetryTime: 500 },
    logger: createLogger({ level: LEVELS.NOTHING, logCreator: () => () => {} }),
    socketFactory: createSocketFactory(),
  })
  await cluster.connect()
  return cluster
}

/** The id of the broker that keeps this group, or the transactions of this id, at the moment. */
export async function coordinatorOf(brokers: readonly string[], type: keyof typeof coordinatorTypes, name: string): Promise<number> {
  const cluster = await openRawCluster(brokers)
  try {
    return Number((await cluster.findGroupCoordinator({ groupId: name, coordinatorType: coordinatorTypes[type] })).nodeId)
  } finally {
    await cluster.disconnect()
  }
}
