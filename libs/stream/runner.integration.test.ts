import { createHash } from 'node:crypto'
import { pino } from 'pino'
import { describe, expect, inject, it, vi } from 'vitest'
import { systemClock } from '#lib/clock/clock.ts'
import { runPrefix } from '../../tests/run-prefix.ts'
import { deadLetterHeaders } from './dead-letter.ts'
import { RejectedError } from './errors.ts'
import { createKafkajsLog } from './kafkajs-log.ts'
import type { LogRecord } from './log.ts'
import { createRunner } from './runner.ts'

describe('a runner on Kafka', () => {
  it('makes dead letters of broken records, however large, and serves the rest', async () => {
    const prefix = runPrefix('runner')
    const topics = { input: `${prefix}in`, output: `${prefix}out`, deadLetters: `${prefix}dead-letters` }
    const logger = pino({ level: 'silent' })
    const log = createKafkajsLog({ brokers: inject('brokers'), clientId: `${prefix}test`, logger })
    const admin = log.admin()
    await admin.createTopics([
      { topic: topics.input, partitions: 1, config: { 'max.message.bytes': String(8 * 1024 * 1024) } },
      { topic: topics.output, partitions: 1 },
      { topic: topics.deadLetters, partitions: 1 },
    ])
    const huge = Buffer.alloc(5_000_000, 'not JSON ')
    const producer = log.producer()
    const values = ['{"n":1}', 'garbage', huge, null, '{"n":2}']
    await producer.send(
      values.map((value) => ({ topic: topics.input, key: 'k', value: typeof value === 'string' ? Buffer.from(value) : value })),
    )

    const runner = createRunner<{ n: number }, number, null>({
      name: 'integration',
      log,
      clock: systemClock,
      logger,
      group: `${prefix}group`,
      input: {
        topic: topics.input,
        decode(bytes) {
          try {
            return JSON.parse(String(bytes))
          } catch {
            throw new RejectedError('not_json', 'not JSON')
          }
        },
      },
      processor: {
        initial: () => null,
        process: (batch) =>
          batch.map(({ value }) => ({ type: 'emit', outputs: [{ topic: topics.output, key: 'k', value: value.n * 10 }] })),
      },
      encode: ({ value }) => Buffer.from(String(value)),
      deadLetters: topics.deadLetters,
      guarantee: 'exactly_once',
    })
    await runner.start()
    const seen: LogRecord[] = []
    const follower = await log.follow([topics.output, topics.deadLetters], (records) => void seen.push(...records))
    await vi.waitFor(() => expect(seen).toHaveLength(5), { timeout: 30_000 })
    await runner.stop()
    await follower.stop()

    const of = (topic: string) => seen.filter((record) => record.topic === topic)
    expect(of(topics.output).map(({ value }) => String(value))).toEqual(['10', '20'])
    const [garbage, large, empty] = of(topics.deadLetters)
    expect(String(garbage!.value)).toBe('garbage')
    expect(garbage!.headers).toMatchObject({ [deadLetterHeaders.code]: 'not_json', [deadLetterHeaders.offset]: '1' })
    expect(large!.headers).toMatchObject({
      [deadLetterHeaders.size]: '5000000',
      [deadLetterHeaders.sha256]: createHash('sha256').update(huge).digest('hex'),
    })
    expect(empty!.headers[deadLetterHeaders.code]).toBe('no_value')
    expect((await admin.committed(`${prefix}group`, { topic: topics.input, partition: 0 }))?.offset).toBe(5)
    await log.close()
  })
})
