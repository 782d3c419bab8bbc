import type { Kafka, Producer as KafkajsProducer, Message, ProducerBatch, TopicMessages, Transaction } from 'kafkajs'
import { systemClock } from '#lib/clock/clock.ts'
import { FencedError, RetryableError } from '#lib/errors/errors.ts'
import type { NewRecord, Producer, TransactionalProducer } from '#lib/stream/log.ts'
import { createPartitioner } from './client.ts'
import { streamError } from './kafkajs-errors.ts'

/**
 * kafkajs writes all records of a request for one partition as one batch, which the broker refuses beyond the topic's max.message.bytes
 * (1 MiB by default). A larger record goes in a request of its own.
 */
const maxRequestBytes = 900_000
const recordOverheadBytes = 70
/** A transaction that a dead process left open holds read-committed readers up for this long at most; a successor ends it earlier. */
const transactionTimeoutMillis = 15_000
const closeMillis = 3_000

/**
 * While the markers of a producer's last transaction are written, the next one meets CONCURRENT_TRANSACTIONS: these short first retries
 * decide the latency under load. The later ones sit out a broker's restart, about 10 s in all.
 */
const producerRetry = { initialRetryTime: 5, maxRetryTime: 1_000, factor: 0.2, multiplier: 1.6, retries: 20 }

const producerOptions = {
  idempotent: true,
  maxInFlightRequests: 1,
  allowAutoTopicCreation: false,
  createPartitioner,
  retry: producerRetry,
} as const

/** Headers may be a list: see record-patch.ts. */
const toMessage = ({ key, value, headers, partition, raw }: NewRecord): Message => ({
  key: raw?.key ?? key,
  value,
  ...(headers !== undefined && { headers }),
  ...(raw?.headers !== undefined && { headers: raw.headers as never }),
  ...(partition !== undefined && { partition }),
})

const sizeOf = ({ key, value, headers, raw }: NewRecord): number => {
  let bytes = recordOverheadBytes + (raw?.key ?? key).length + (value?.length ?? 0)
  for (const [name, header] of raw?.headers ?? []) bytes += name.length + (header?.length ?? 0) + 4
  if (raw?.headers === undefined) for (const name in headers) bytes += name.length + headers[name]!.length + 4
  return bytes
}

/** Requests one after the other keep the order of records within each partition. */
export function* requestsOf(records: readonly NewRecord[]): Generator<ProducerBatch> {
  let byTopic = new Map<string, Message[]>()
  let bytes = 0
  const request = (): ProducerBatch => ({
    topicMessages: [...byTopic].map(([topic, messages]): TopicMessages => ({ topic, messages })),
  })
  for (const record of records) {
    const size = sizeOf(record)
    if (bytes > 0 && bytes + size > maxRequestBytes) {
      yield request()
      byTopic = new Map()
      bytes = 0
    }
    bytes += size
    const messages = byTopic.get(record.topic)
    if (messages === undefined) byTopic.set(record.topic, [toMessage(record)])
    else messages.push(toMessage(record))
  }
  if (bytes > 0) yield request()
}

/** For the message, should it be refused: the topics of a request fail together. */
const writeOn = (records: readonly NewRecord[]): string => `Write on topic ${[...new Set(records.map(({ topic }) => topic))].join(', ')}`

/** kafkajs waits for answers that may never come. */
async function disconnect(producer: KafkajsProducer): Promise<void> {
  await Promise.race([producer.disconnect(), systemClock.sleep(closeMillis)]).catch(() => {})
}

/** Sends may overlap, from the first on: they share one connection, and one that fails retires it under all of them. */
export function createKafkajsProducer(kafka: Kafka): Producer {
  let current: Promise<KafkajsProducer> | null = null

  const connect = async (): Promise<KafkajsProducer> => {
    const producer = kafka.producer(producerOptions)
    try {
      await producer.connect()
      return producer
    } catch (error) {
      await disconnect(producer)
      throw error
    }
  }

  const retire = async (connected: Promise<KafkajsProducer>) => {
    if (current === connected) current = null
    await connected.then(disconnect, () => {})
  }

  return {
    async send(records) {
      current ??= connect()
      const connected = current
      try {
        const producer = await connected
        for (const request of requestsOf(records)) await producer.sendBatch(request)
      } catch (error) {
        // Another send failed first and closed the connection under this one: whatever kafkajs calls that, a new one may well succeed.
        const wasRetired = current !== connected
        // Its sequence numbers may be out of step with the broker's now.
        await retire(connected)
        if (wasRetired)
          throw new RetryableError(`sending records: the producer was given up (${(error as Error).message})`, { cause: error })
        // A producer may begin only where it may write at all: who may write nothing is refused by the cluster.
        const needed = writeOn(records)
        throw streamError(error, 'sending records', { TOPIC: needed, CLUSTER: needed })
      }
    },
    async close() {
      if (current !== null) await retire(current)
    },
  }
}

/**
 * kafkajs has no fencing by group membership (KIP-447): the transactional id is all that fences, so there must be one per input partition.
 * Connecting does not fence; the first `transaction()` does (InitProducerId), and waits there until an open transaction of the id is settled.
 */
export function createKafkajsTransactionalProducer(kafka: Kafka, transactionalId: string): TransactionalProducer {
  const doing = `producer ${transactionalId}`
  const own = { TRANSACTIONAL_ID: `Write on transactional id ${transactionalId}` }
  const producer = kafka.producer({ ...producerOptions, transactionalId, transactionTimeout: transactionTimeoutMillis })
  let state: 'new' | 'fenced in' | Error = 'new'

  const assertUsable = () => {
    if (state === 'new') throw new FencedError(`${doing} must fence() before its first transaction`)
    if (state instanceof FencedError) throw new FencedError(state.message, { cause: state })
    if (state instanceof Error)
      throw new RetryableError(`${doing} failed before (${state.message}): create and fence a new one`, { cause: state })
  }

  const abort = async (transaction: Transaction): Promise<boolean> => {
    try {
      if (transaction.isActive()) await transaction.abort()
      return true
    } catch {
      return false
    }
  }

  return {
    async fence() {
      try {
        await producer.connect()
        await (await producer.transaction()).abort()
        state = 'fenced in'
      } catch (error) {
        throw streamError(error, `${doing}: taking over`, own)
      }
    },

    async commitTransaction({ records, position, beforeCommit }) {
      assertUsable()
      let transaction: Transaction | undefined
      try {
        transaction = await producer.transaction()
        // Records first: kafkajs retries CONCURRENT_TRANSACTIONS for them, but not for offsets (#430).
        for (const request of requestsOf(records)) await transaction.sendBatch(request)
        if (position !== undefined) await sendPosition(transaction, position)
      } catch (error) {
        if (transaction !== undefined) await abort(transaction)
        const group = position === undefined ? {} : { GROUP: `Read on group ${position.group}` }
        state = streamError(error, doing, { ...own, ...group, TOPIC: writeOn(records) })
        throw state
      }
      try {
        await beforeCommit?.()
      } catch (error) {
        if (!(await abort(transaction))) state = new RetryableError(`${doing} could not abort`)
        throw error
      }
      try {
        await transaction.commit()
      } catch (error) {
        // The answer may be all that was lost: the transaction may be committed.
        state = streamError(error, `${doing}: committing`)
        throw state
      }
    },

    close: () => disconnect(producer),
  }
}

type Position = NonNullable<Parameters<TransactionalProducer['commitTransaction']>[0]['position']>

/** kafkajs hands `metadata` through to the broker, though its types do not say so. */
async function sendPosition(transaction: Transaction, { group, partition: { topic, partition }, committed }: Position): Promise<void> {
  const partitions = [{ partition, offset: String(committed.offset), metadata: committed.metadata }]
  for (let attempt = 0; ; attempt++) {
    try {
      return await transaction.sendOffsets({ consumerGroupId: group, topics: [{ topic, partitions }] })
    } catch (error) {
      // Only where no record went before it (#430).
      if ((error as { type?: string }).type !== 'CONCURRENT_TRANSACTIONS' || attempt === producerRetry.retries) throw error
      await systemClock.sleep(Math.min(producerRetry.initialRetryTime * producerRetry.multiplier ** attempt, 200))
    }
  }
}
