import { pino } from 'pino'
import { describe, expect, inject, it, vi } from 'vitest'
import { FatalError } from '#lib/errors/errors.ts'
import { describeLog } from '#lib/stream/testing/log-contract.ts'
import { deleteRecordsBefore } from '../../../tests/delete-records.ts'
import { runPrefix } from '../../../tests/run-prefix.ts'
import { createKafkajsLog } from './kafkajs-log.ts'

const logger = pino({ level: process.env['LOG_LEVEL'] ?? 'silent' })

describeLog('on Kafka', async () => {
  const prefix = runPrefix('log')
  const open = () => createKafkajsLog({ brokers: inject('brokers'), clientId: `${prefix}client`, logger })
  const [log, other] = [open(), open()]
  return {
    log,
    other,
    name: (stem) => `${prefix}${stem}`,
    deleteRecords: (topic, before) => deleteRecordsBefore(inject('brokers'), topic, before),
    async close() {
      await other.close()
      await log.close()
    },
  }
})

describe('a Kafka log', () => {
  it('says within 10 s that no broker is there, where it looked, and what to check', async () => {
    const log = createKafkajsLog({ brokers: ['127.0.0.1:1', 'nowhere.invalid:9092'], clientId: 'lost', logger })
    const begun = performance.now()
    const error = await log.checkReachable().catch((caught: unknown) => caught)
    expect(performance.now() - begun).toBeLessThan(10_000)
    expect(error).toBeInstanceOf(FatalError)
    expect((error as Error).message).toMatch(/127\.0\.0\.1:1, nowhere\.invalid:9092.*KAFKA_BROKERS/)
    await log.close()
  })

  it('keeps what a group committed when the records behind it have been deleted', async () => {
    const prefix = runPrefix('deleted')
    const [topic, group] = [`${prefix}topic`, `${prefix}group`]
    const log = createKafkajsLog({ brokers: inject('brokers'), clientId: 'deleted', logger })
    const admin = log.admin()
    await admin.createTopics([{ topic, partitions: 1 }])
    const producer = log.producer()
    await producer.send(Array.from({ length: 10 }, (_, index) => ({ topic, key: 'k', value: Buffer.from(String(index)) })))
    const before = log.consumer({ group, topics: [topic], from: 'earliest' })
    await before.start(async () => {})
    await before.commit({ topic, partition: 0 }, { offset: 3, metadata: 'remembered' })
    await before.stop()
    await deleteRecordsBefore(inject('brokers'), topic, 6)
    const seen: string[] = []
    const after = log.consumer({ group, topics: [topic], from: 'earliest' })
    await after.start(async ({ records }) => void seen.push(...records.map(({ value }) => String(value))))
    await vi.waitFor(() => expect(seen).toEqual(['6', '7', '8', '9']), { timeout: 20_000 })
    expect(await admin.committed(group, { topic, partition: 0 })).toEqual({ offset: 3, metadata: 'remembered' })
    await after.stop()
    await log.close()
  })

  it('finds the broker that is there', async () => {
    const log = createKafkajsLog({ brokers: inject('brokers'), clientId: 'found', logger })
    await log.checkReachable()
    await log.close()
  })
})
