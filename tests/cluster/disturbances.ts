import { Kafka, logLevel } from 'kafkajs'
import { systemClock } from '#lib/clock/clock.ts'
import type { KafkaCluster } from './kafka-cluster.ts'
import { coordinatorOf } from './raw-client.ts'

/** What may happen to a cluster while records flow. Each resolves when all brokers serve again. */
export type Disturbance = (stage: Readonly<{ topics: readonly string[]; group: string; flowing: AbortSignal }>) => Promise<void>

const internalTopics = ['__transaction_state', '__consumer_offsets'] as const
const pauseMillis = 1_500

const pause = (millis: number, signal?: AbortSignal) => systemClock.sleep(millis, signal).catch(() => {})

/** Kill and come back: the broker's former self must be forgotten first, which takes its session time-out. */
async function killFor(cluster: KafkaCluster, ids: readonly number[], millis: number): Promise<void> {
  const brokers = ids.map((id) => cluster.broker(id))
  await Promise.all(brokers.map((broker) => broker.kill()))
  await pause(millis)
  await Promise.all(brokers.map((broker) => broker.start()))
}

/** Leaders of all partitions, those of transactions and groups among them, move every second or two while records flow. */
export const moveLeaders =
  (cluster: KafkaCluster, count: (moves: number) => void = () => {}): Disturbance =>
  async ({ topics, flowing }) => {
    const admin = new Kafka({ brokers: cluster.addresses, logLevel: logLevel.NOTHING }).admin()
    await admin.connect()
    let before = new Map<string, number>()
    for (let turn = 1; !flowing.aborted; turn++) {
      const { topics: found } = await admin.fetchTopicMetadata({ topics: [...topics, ...internalTopics] })
      const leaders = new Map(found.flatMap(({ name, partitions }) => partitions.map((one) => [`${name}-${one.partitionId}`, one.leader])))
      count([...leaders].filter(([partition, leader]) => before.has(partition) && before.get(partition) !== leader).length)
      before = leaders
      const assignments = found.map(({ name, partitions }) => ({
        topic: name,
        partitionAssignment: partitions.map(({ partitionId }) => ({ partition: partitionId, replicas: order(turn + partitionId) })),
      }))
      // A reassignment that is still under way is as good as a new one.
      await admin.alterPartitionReassignments({ topics: assignments }).catch(() => {})
      await pause(pauseMillis, flowing)
    }
    await admin.disconnect()
  }

const order = (turn: number): number[] => [0, 1, 2].map((place) => ((turn + place) % 3) + 1)

export const rollingRestart =
  (cluster: KafkaCluster): Disturbance =>
  async () => {
    for (const broker of cluster.brokers) {
      await pause(1_000)
      await broker.stop()
      await broker.start()
    }
  }

export const killEachBroker =
  (cluster: KafkaCluster): Disturbance =>
  async () => {
    for (const { id } of cluster.brokers) {
      await pause(1_000)
      await killFor(cluster, [id], 1_500)
    }
  }

/** The brokers that keep the stage's transactions, and then its group. */
export const killCoordinators =
  (cluster: KafkaCluster): Disturbance =>
  async ({ group, topics }) => {
    await pause(1_000)
    await killFor(cluster, [await coordinatorOf(cluster.addresses, 'transaction', `${group}-${topics[0]}-0`)], 1_500)
    await pause(1_000)
    await killFor(cluster, [await coordinatorOf(cluster.addresses, 'group', group)], 1_500)
  }

/** One replica of three is left: less than may be written to, so everything waits. */
export const killTwo =
  (cluster: KafkaCluster): Disturbance =>
  async () => {
    await pause(1_500)
    await killFor(cluster, [1, 2], 4_000)
  }

/** The broker with the stage's transactions still serves clients, but hears of no other broker and no controller. */
export const cutOffCoordinator =
  (cluster: KafkaCluster, millis: number): Disturbance =>
  async ({ group, topics }) => {
    await pause(1_500)
    cluster.cutOff(await coordinatorOf(cluster.addresses, 'transaction', `${group}-${topics[0]}-0`))
    await pause(millis)
    cluster.heal()
  }
