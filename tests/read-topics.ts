import type { KafkaMessage } from 'kafkajs'
import { randomId, systemClock } from '#lib/clock/clock.ts'
import { createKafkajsAdmin } from '#lib/stream/kafkajs/admin.ts'
import { createKafka } from '#lib/stream/kafkajs/client.ts'
import { createLogger } from '#lib/telemetry/logger.ts'

export type ReadRecord = Readonly<{
  topic: string
  partition: number
  offset: number
  key: string
  value: Buffer
  headers: Readonly<Record<string, string>>
  writer: Readonly<{ producerId: string; epoch: number }>
}>

type WithBatch = KafkaMessage & { batchContext: { producerId: string; producerEpoch: number } }

/** Without a batch. However much there is to read, it is read to its end while more comes. */
const patienceMillis = 60_000

/** All records of the topics that a read-committed reader sees by now, with the producer that wrote each. */
export async function readTopics(brokers: readonly string[], topics: readonly string[]): Promise<ReadRecord[]> {
  const kafka = createKafka({ brokers, clientId: 'history', logger: createLogger('history', 'silent') })
  // Leaders may have moved a moment ago: it asks again.
  const admin = createKafkajsAdmin(kafka)
  const groupId = `history-${randomId()}`
  const behind = new Map<string, number>()
  for (const topic of topics)
    for (const { partition, first, next } of await admin.offsets(topic)) if (first < next) behind.set(`${topic}-${partition}`, next)
  const records: ReadRecord[] = []
  let newest = systemClock.monotonic()
  const consumer = kafka.consumer({ groupId, maxWaitTimeInMs: 100 })
  consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload: { topic, partition, lastOffset } }) => {
    newest = systemClock.monotonic()
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
      records.push({ topic, partition, offset: Number(offset), key: String(key), value: value ?? Buffer.alloc(0), headers: texts, writer })
    },
  })
  while (behind.size > 0 && systemClock.monotonic() < newest + patienceMillis) await systemClock.sleep(50)
  await consumer.disconnect()
  await admin.deleteGroups([groupId]).catch(() => {})
  await admin.close()
  if (behind.size > 0) throw new Error(`nothing more came for ${patienceMillis / 1_000} s, before the end of ${[...behind.keys()]}`)
  return records
}
