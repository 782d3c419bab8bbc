import { CompressionTypes } from 'kafkajs'
import { pino } from 'pino'
import { expect, inject, it, vi } from 'vitest'
import { systemClock } from '#lib/clock/clock.ts'
import { deadLetterHeaders } from '#lib/stream/dead-letter.ts'
import type { Log, LogRecord } from '#lib/stream/log.ts'
import { createRunner } from '#lib/stream/runtime/runner.ts'
import { undecodableHeaders } from '#lib/stream/undecodable-batch.ts'
import { runPrefix } from '../../../tests/run-prefix.ts'
import { createKafka } from './client.ts'
import { createKafkajsLog } from './kafkajs-log.ts'

const logger = pino({ level: 'silent' })

/** A stage that copies, on topics of its own; the input's `compression.type` is the broker's to apply. */
async function startCopy(name: string, codec: string) {
  const prefix = runPrefix(name)
  const [input, output, deadLetters] = ['in', 'out', 'dead'].map((stem) => `${prefix}${stem}`) as [string, string, string]
  const log = createKafkajsLog({ brokers: inject('brokers'), clientId: name, logger })
  const admin = log.admin()
  await admin.createTopics([
    { topic: input, partitions: 1, config: { 'compression.type': codec } },
    { topic: output, partitions: 1 },
    { topic: deadLetters, partitions: 1 },
  ])
  const runner = createRunner<string, string, null>({
    name: 'copy',
    log,
    clock: systemClock,
    logger,
    group: `${prefix}copy`,
    guarantee: 'exactly_once',
    deadLetters,
    input: { topic: input, decode: (bytes) => String(bytes) },
    processor: {
      initial: () => null,
      process: (batch) => batch.map(({ value, record }) => ({ type: 'emit', outputs: [{ topic: output, key: record.key ?? '', value }] })),
    },
    encode: ({ value }) => Buffer.from(value),
  })
  await runner.start()
  const found = { [output]: [] as LogRecord[], [deadLetters]: [] as LogRecord[] }
  const follower = await log.follow([output, deadLetters], (records) => {
    for (const record of records) found[record.topic]!.push(record)
  })
  const close = async () => {
    await follower.stop()
    await runner.stop()
    await log.close()
  }
  return { log, input, outputs: found[output]!, deadLetters: found[deadLetters]!, close }
}

async function send(log: Log, topic: string, values: readonly string[]): Promise<void> {
  const producer = log.producer()
  await producer.send(values.map((value) => ({ topic, key: 'k', value: Buffer.from(value) })))
  await producer.close()
}

it.each(['gzip', 'snappy', 'lz4', 'zstd', 'uncompressed'])(
  'a topic that the broker compresses by %s is read as any other',
  async (codec) => {
    const { log, input, outputs, deadLetters, close } = await startCopy(`codec-${codec}`, codec)
    // More than one block of each codec, some of it hard to compress.
    const values = Array.from({ length: 200 }, (_, index) => `${index} ${'compressible '.repeat(index * 5)}${Math.sqrt(index)}`)
    await send(log, input, values)
    await vi.waitFor(() => expect(outputs.length).toBe(values.length), { timeout: 20_000 })
    expect(outputs.map(({ value }) => String(value))).toEqual(values)
    expect(deadLetters).toEqual([])
    await close()
  },
)

it('a batch that expands beyond measure becomes one dead letter, and the stream goes on after it', async () => {
  const { log, input, outputs, deadLetters, close } = await startCopy('bomb', 'producer')
  await send(log, input, ['before'])
  const producer = createKafka({ brokers: inject('brokers'), clientId: 'bomb', logger }).producer()
  await producer.connect()
  const zeros = [Buffer.alloc(50 * 1024 * 1024), Buffer.alloc(50 * 1024 * 1024)]
  await producer.send({ topic: input, compression: CompressionTypes.GZIP, messages: zeros.map((value) => ({ key: 'k', value })) })
  await producer.disconnect()
  await send(log, input, ['after'])
  await vi.waitFor(() => expect(outputs.map(({ value }) => String(value))).toEqual(['before', 'after']), { timeout: 30_000 })
  expect(deadLetters).toHaveLength(1)
  expect(deadLetters[0]!.headers).toMatchObject({
    [deadLetterHeaders.code]: 'undecodable_batch',
    [deadLetterHeaders.offset]: '2',
    [undecodableHeaders.firstOffset]: '1',
    [undecodableHeaders.lastOffset]: '2',
    [undecodableHeaders.codec]: 'gzip',
  })
  // The batch as it lies in the log, from its first offset on.
  expect(deadLetters[0]!.value!.readBigInt64BE(0)).toBe(1n)
  await close()
})
