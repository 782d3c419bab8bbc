import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { KafkaMessage } from 'kafkajs'
import { randomId, systemClock } from '#lib/clock/clock.ts'
import { createLocalStack } from '#lib/stack/local-stack.ts'
import { stackDirectory } from '#lib/stack/resolve.ts'
import { createKafka } from '#lib/stream/kafkajs/client.ts'
import { createLogger } from '#lib/telemetry/logger.ts'

export type ReadRecord = Readonly<{
  topic: string
  partition: number
  offset: number
  key: string
  value: string
  headers: Readonly<Record<string, string>>
  writer: Readonly<{ producerId: string; epoch: number }>
}>

type WithBatch = KafkaMessage & { batchContext: { producerId: string; producerEpoch: number } }

const patienceMillis = 60_000

/** All records of the topics that a read-committed reader sees by now, with the producer that wrote each. */
export async function readTopics(brokers: readonly string[], topics: readonly string[]): Promise<ReadRecord[]> {
  const kafka = createKafka({ brokers, clientId: 'history', logger: createLogger('history', 'silent') })
  const admin = kafka.admin()
  await admin.connect()
  const groupId = `history-${randomId()}`
  const behind = new Map<string, number>()
  for (const topic of topics)
    for (const { partition, low, high } of await admin.fetchTopicOffsets(topic))
      if (Number(low) < Number(high)) behind.set(`${topic}-${partition}`, Number(high))
  const records: ReadRecord[] = []
  const consumer = kafka.consumer({ groupId, maxWaitTimeInMs: 100 })
  consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload: { topic, partition, lastOffset } }) => {
    if (Number(lastOffset) + 1 >= (behind.get(`${topic}-${partition}`) ?? 0)) behind.delete(`${topic}-${partition}`)
  })
  await consumer.connect()
  await consumer.subscribe({ topics: [...topics], fromBeginning: true })
  await consumer.run({
    autoCommit: false,
    eachMessage: async ({ topic, partition, message }) => {
      const { offset, key, value, headers, batchContext } = message as WithBatch
      const writer = { producerId: batchContext.producerId, epoch: batchContext.producerEpoch }
      const texts = Object.fromEntries(Object.entries(headers ?? {}).map(([name, header]) => [name, String(header)]))
      records.push({ topic, partition, offset: Number(offset), key: String(key), value: String(value), headers: texts, writer })
    },
  })
  for (const deadline = systemClock.now() + patienceMillis; behind.size > 0 && systemClock.now() < deadline; await systemClock.sleep(50));
  await consumer.disconnect()
  await admin.deleteGroups([groupId]).catch(() => {})
  await admin.disconnect()
  if (behind.size > 0) throw new Error(`not read to the end within ${patienceMillis / 1_000} s: ${[...behind.keys()]}`)
  return records
}

/** The same by Kafka's own consumer (its console tool): another client, which shares no fault of ours. Values must hold no tab or line end. */
export async function readWithKafkasTools(
  brokers: readonly string[],
  topic: string,
): Promise<Pick<ReadRecord, 'topic' | 'partition' | 'offset' | 'value'>[]> {
  const stack = createLocalStack({ directory: stackDirectory(), env: process.env, onProgress: () => {} })
  const { java, artifacts } = await stack.prepare()
  const tool = [
    '-XX:TieredStopAtLevel=1',
    '-XX:+UseSerialGC',
    '-cp',
    join(artifacts, 'kafka', '*'),
    'org.apache.kafka.tools.consumer.ConsoleConsumer',
  ]
  const properties = ['print.partition=true', 'print.offset=true'].flatMap((property) => ['--property', property])
  const args = ['--bootstrap-server', brokers.join(','), '--topic', topic, '--from-beginning', '--isolation-level', 'read_committed']
  const { stdout } = await promisify(execFile)(java, [...tool, ...args, ...properties, '--timeout-ms', '5000'], { maxBuffer: 1 << 28 })
  return stdout
    .split('\n')
    .filter((line) => line.startsWith('Partition:'))
    .map((line) => {
      const [partition, offset, value] = line.split('\t')
      return { topic, partition: Number(partition!.slice(10)), offset: Number(offset!.slice(7)), value: value! }
    })
}
