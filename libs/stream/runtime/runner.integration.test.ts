import { createHash } from 'node:crypto'
import { pino } from 'pino'
import { describe, expect, inject, it, vi } from 'vitest'
import { systemClock } from '#lib/clock/clock.ts'
import { RejectedError } from '#lib/errors/errors.ts'
import { deadLetterHeaders } from '#lib/stream/dead-letter.ts'
import { createKafkajsLog } from '#lib/stream/kafkajs/kafkajs-log.ts'
import type { LogRecord } from '#lib/stream/log.ts'
import { createWindowProcessor, type WindowEvent, type WindowSum } from '#lib/stream/testing/window-processor.ts'
import { createHealth } from '#lib/telemetry/health.ts'
import { runPrefix } from '../../../tests/run-prefix.ts'
import { createRunner } from './runner.ts'

const logger = pino({ level: 'silent' })

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index)

describe('a runner on Kafka', () => {
  it('takes over with the state that it kept warm while another had the partition', async () => {
    const prefix = runPrefix('standby')
    const topics = { input: `${prefix}in`, output: `${prefix}out` }
    const log = createKafkajsLog({ brokers: inject('brokers'), clientId: `${prefix}group`, logger })
    await log.admin().createTopics([...Object.values(topics), `${prefix}dead-letters`].map((topic) => ({ topic, partitions: 1 })))
    const member = () => {
      const health = createHealth({ clock: systemClock })
      const folded: number[] = []
      const runner = createRunner<WindowEvent, WindowSum, unknown>({
        name: 'window',
        log,
        clock: systemClock,
        logger,
        group: `${prefix}group`,
        input: { topic: topics.input, decode: (bytes) => JSON.parse(String(bytes)) },
        processor: createWindowProcessor(topics.output) as never,
        encode: ({ value }) => Buffer.from(JSON.stringify(value)),
        deadLetters: `${prefix}dead-letters`,
        guarantee: 'exactly_once',
        prepare: (inputs) => void folded.push(...inputs.map(({ value }) => Number(value.id))),
        standby: { pollMillis: 100 },
        health,
      })
      return { runner, folded, assigned: () => health.report().conditions[`assigned ${topics.input}`]?.detail }
    }
    const producer = log.producer()
    const send = (from: number, to: number) =>
      producer.send(
        range(from, to)
          .map((id): WindowEvent => ({ type: 'add', id: `${id}`, key: 'k', time: id, amount: 1 }))
          .map((event) => ({ topic: topics.input, key: 'k', value: Buffer.from(JSON.stringify(event)) })),
      )
    const sums: number[] = []
    await log.follow([topics.output], (records) => {
      sums.push(...records.map(({ value }) => (JSON.parse(String(value)) as WindowSum).sum))
    })
    const until = (condition: () => void) => vi.waitFor(condition, { timeout: 20_000 })

    const active = member()
    await active.runner.start()
    await until(() => expect(active.assigned()).toBe('1 partitions'))
    await send(0, 500)
    await until(() => expect(sums).toHaveLength(500))
    const standby = member()
    await standby.runner.start()
    await until(() => expect(standby.folded).toEqual(range(0, 500)))
    await until(() => expect(standby.assigned()).toMatch(/partitions/))
    await active.runner.stop()
    await send(500, 510)
    await until(() => expect(sums).toEqual(range(1, 511)))
    expect(standby.folded, 'no record is folded twice').toEqual(range(0, 510))
    await standby.runner.stop()
    await log.close()
  })

  it('does not begin on a topic that was made anew while it was away, however many records that holds', async () => {
    const prefix = runPrefix('anew')
    const topics = { input: `${prefix}in`, output: `${prefix}out`, deadLetters: `${prefix}dead-letters` }
    const log = createKafkajsLog({ brokers: inject('brokers'), clientId: `${prefix}test`, logger })
    const admin = log.admin()
    const created = Object.values(topics).map((topic) => ({ topic, partitions: 1 }))
    await admin.createTopics(created)
    const producer = log.producer()
    const send = (from: number, to: number) =>
      producer.send(range(from, to).map((id) => ({ topic: topics.input, key: 'k', value: Buffer.from(`${id}`) })))
    const out: string[] = []
    await log.follow([topics.output], (records) => void out.push(...records.map(({ value }) => String(value))))
    const run = async () => {
      const runner = createRunner<string, string, null>({
        name: 'copy',
        log,
        clock: systemClock,
        logger,
        group: `${prefix}group`,
        input: { topic: topics.input, decode: String },
        processor: {
          initial: () => null,
          process: (batch) => batch.map(({ value }) => ({ type: 'emit', outputs: [{ topic: topics.output, key: 'k', value }] })),
        },
        encode: ({ value }) => Buffer.from(value),
        deadLetters: topics.deadLetters,
        outputs: [topics.output],
        guarantee: 'exactly_once',
      })
      await runner.start()
      return runner
    }
    const first = await run()
    await send(0, 20)
    await vi.waitFor(() => expect(out).toHaveLength(20), { timeout: 20_000 })
    await first.stop()
    await admin.deleteTopics([topics.input])
    await vi.waitFor(async () => expect(await admin.listTopics()).not.toContain(topics.input), { timeout: 20_000 })
    await admin.createTopics(created)
    await send(100, 130)
    const second = await run()
    await expect(second.finished).rejects.toThrow(/was made anew|has no position/)
    expect(out).toEqual(range(0, 20).map(String))
    await second.stop().catch(() => {})
    await log.close()
  })

  it('makes dead letters of broken records, however large, and serves the rest', async () => {
    const prefix = runPrefix('runner')
    const topics = { input: `${prefix}in`, output: `${prefix}out`, deadLetters: `${prefix}dead-letters` }
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

    const recordsOf = (topic: string) => seen.filter((record) => record.topic === topic)
    expect(recordsOf(topics.output).map(({ value }) => String(value))).toEqual(['10', '20'])
    const [garbage, large, empty] = recordsOf(topics.deadLetters)
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
