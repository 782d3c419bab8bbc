import fc from 'fast-check'
import kafkajs, { type Kafka } from 'kafkajs'
import { describe, expect, it } from 'vitest'
import { RetryableError } from '#lib/errors/errors.ts'
import type { NewRecord } from '#lib/stream/log.ts'
import { createKafkajsProducer, requestsOf } from './producers.ts'

const zeros = Buffer.alloc(400_000)
const records: fc.Arbitrary<NewRecord[]> = fc.array(
  fc.record({
    topic: fc.constantFrom('a', 'b', 'c'),
    key: fc.string({ maxLength: 5 }),
    value: fc.integer({ min: 0, max: 400_000 }).map((size) => zeros.subarray(0, size)),
  }),
  { maxLength: 12 },
)

describe('requests of a transaction', () => {
  it('hold every record once, those of a topic in order, none beyond what a broker takes', () => {
    fc.assert(
      fc.property(records, (given) => {
        const requests = [...requestsOf(given)].map(({ topicMessages }) => topicMessages ?? [])
        for (const topic of ['a', 'b', 'c']) {
          const sent = requests.flatMap((request) => request.filter((each) => each.topic === topic).flatMap(({ messages }) => messages))
          const wanted = given.filter((record) => record.topic === topic)
          expect(sent.map(({ key }) => key)).toEqual(wanted.map(({ key }) => key))
          expect(sent.every(({ value }, index) => value === wanted[index]!.value)).toBe(true)
        }
        for (const request of requests) {
          const bytes = request.flatMap(({ messages }) => messages).reduce((sum, { value }) => sum + (value?.length ?? 0), 0)
          expect(bytes).toBeLessThanOrEqual(1_000_000)
          expect(request.length).toBeGreaterThan(0)
        }
      }),
    )
  })

  it('are none for no records', () => {
    expect([...requestsOf([])]).toEqual([])
  })

  it('let a large record travel alone', () => {
    const small = { topic: 'a', key: 'k', value: Buffer.alloc(10) }
    const large = { topic: 'a', key: 'k', value: Buffer.alloc(5_000_000) }
    expect([...requestsOf([small, large, small])]).toHaveLength(3)
  })
})

describe('a producer that several use at once', () => {
  /** Clients of kafkajs as far as they are used: each connects when told to, and sends until it is disconnected. */
  const clients = () => {
    const made: { connected: PromiseWithResolvers<void>; sent: number; failure: Error | null; isClosed: boolean }[] = []
    const kafka = {
      producer() {
        const client = { connected: Promise.withResolvers<void>(), sent: 0, failure: null as Error | null, isClosed: false }
        made.push(client)
        return {
          connect: () => client.connected.promise,
          disconnect: async () => {
            client.isClosed = true
          },
          sendBatch: async () => {
            await new Promise(setImmediate)
            if (client.failure !== null) throw client.failure
            if (client.isClosed) throw new kafkajs.KafkaJSError('The producer is disconnected')
            client.sent++
          },
        }
      },
    } as unknown as Kafka
    return { kafka, made }
  }
  const one: NewRecord[] = [{ topic: 'a', key: 'k', value: null }]

  it('connects once, and nobody sends before it has', async () => {
    const { kafka, made } = clients()
    const producer = createKafkajsProducer(kafka)
    const sends = Promise.all([producer.send(one), producer.send(one), producer.send(one)])
    made[0]!.connected.resolve()
    await sends
    expect(made.map(({ sent }) => sent)).toEqual([3])
  })

  it('is given up by all when it fails one: every send is worth another try, which a new client serves', async () => {
    const { kafka, made } = clients()
    const producer = createKafkajsProducer(kafka)
    const sends = Promise.allSettled([producer.send(one), producer.send(one)])
    made[0]!.failure = new kafkajs.KafkaJSConnectionError('gone')
    made[0]!.connected.resolve()
    for (const { status, ...rest } of await sends) {
      expect(status).toBe('rejected')
      expect((rest as { reason: Error }).reason).toBeInstanceOf(RetryableError)
    }
    const again = producer.send(one)
    made[1]!.connected.resolve()
    await again
    expect(made.map(({ sent, isClosed }) => [sent, isClosed])).toEqual([
      [0, true],
      [1, false],
    ])
  })

  it('says fatal what is, to the send that met it', async () => {
    const { kafka, made } = clients()
    const producer = createKafkajsProducer(kafka)
    const send = producer.send(one)
    made[0]!.connected.reject(new kafkajs.KafkaJSNonRetriableError('no such mechanism'))
    await expect(send).rejects.toThrow('no such mechanism')
  })
})
