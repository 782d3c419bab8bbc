import { pino } from 'pino'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { type Clock, systemClock } from '#lib/clock/clock.ts'
import { FatalError, RejectedError, RetryableError } from '#lib/errors/errors.ts'
import { deadLetterHeaders } from '#lib/stream/dead-letter.ts'
import type { CommittedOffset, Consumer, ConsumerOptions, LogRecord, NewRecord } from '#lib/stream/log.ts'
import { createMemoryLog, type MemoryLog } from '#lib/stream/memory/memory-log.ts'
import type { Processor } from '#lib/stream/processor.ts'
import { redrivenHeaders } from '#lib/stream/redriven.ts'
import { createWindowProcessor, type WindowEvent, type WindowSum } from '#lib/stream/testing/window-processor.ts'
import { createHealth } from '#lib/telemetry/health.ts'
import { createRunner, type Runner, type RunnerOptions } from './runner.ts'
import { type CommittedRecord, noRunnerMetrics, type RunnerMetrics } from './runner-metrics.ts'

type Options = RunnerOptions<string, string, unknown>

const topics = { input: 'in', output: 'out', deadLetters: 'dead-letters' }
const group = 'group'
const logger = pino({ level: 'silent' })
const until = (condition: () => void | Promise<void>) => vi.waitFor(condition, { timeout: 5_000, interval: 1 })

let log: MemoryLog
let runners: Runner[]
beforeEach(async () => {
  log = createMemoryLog({ clock: systemClock })
  runners = []
  await log.admin().createTopics(Object.values(topics).map((topic) => ({ topic, partitions: 1 })))
  return async () => {
    for (const runner of runners) await runner.stop()
    await log.close()
  }
})

/** Writes each text on in capitals; 'skip …' is skipped, 'skip aloud …' with a record of it, 'bad …' refused. */
const shout: Processor<string, string, null> = {
  initial: () => null,
  process: (batch) =>
    batch.map(({ value, record }) => {
      const written = [{ topic: topics.output, key: record.key ?? '', value: value.toUpperCase() }]
      if (value.startsWith('skip aloud')) return { type: 'skip', reason: 'asked_to', outputs: written }
      if (value.startsWith('skip')) return { type: 'skip', reason: 'asked_to' }
      if (value.startsWith('bad')) return { type: 'reject', code: 'bad_price', message: `${value} is bad` }
      return { type: 'emit', outputs: written }
    }),
}

async function run(options: Partial<Options> = {}): Promise<Runner> {
  const runner = createRunner<string, string, unknown>({
    name: 'shouter',
    log,
    clock: systemClock,
    logger,
    group,
    input: { topic: topics.input, decode: String },
    processor: shout as Processor<string, string, unknown>,
    encode: ({ value }) => Buffer.from(value),
    deadLetters: topics.deadLetters,
    guarantee: 'exactly_once',
    ...options,
  })
  runners.push(runner)
  await runner.start()
  return runner
}

const send = (...values: (string | (Partial<NewRecord> & { value: Buffer | null }))[]) =>
  log
    .producer()
    .send(
      values.map((value) => ({ topic: topics.input, key: 'k', ...(typeof value === 'string' ? { value: Buffer.from(value) } : value) })),
    )

async function read(topic: string): Promise<LogRecord[]> {
  const records: LogRecord[] = []
  const follower = await log.follow([topic], (more) => void records.push(...more))
  await follower.caughtUp
  await follower.stop()
  return records
}
const texts = async (topic: string) => (await read(topic)).map(({ value }) => String(value))
const committed = async () => log.admin().committed(group, { topic: topics.input, partition: 0 })

describe('a runner', () => {
  it('turns input into output and moves the position, all in one transaction', async () => {
    await run()
    await send('a', 'skip b', 'c')
    await until(async () => expect((await committed())?.offset).toBe(3))
    expect(await texts(topics.output)).toEqual(['A', 'C'])
    expect(await texts(topics.deadLetters)).toEqual([])
  })

  it('sends a refused record to the dead letters, as it was, and goes on', async () => {
    await run()
    await send('a', { value: Buffer.from('bad b'), headers: { 'collected-at': '7' } }, 'c')
    await until(async () => expect(await texts(topics.output)).toEqual(['A', 'C']))
    const [letter] = await read(topics.deadLetters)
    expect(String(letter!.value)).toBe('bad b')
    expect(letter!.headers).toMatchObject({
      'collected-at': '7',
      [deadLetterHeaders.app]: 'shouter',
      [deadLetterHeaders.topic]: topics.input,
      [deadLetterHeaders.offset]: '1',
      [deadLetterHeaders.code]: 'bad_price',
      [deadLetterHeaders.message]: 'bad b is bad',
    })
  })

  it('processes a record redriven for it, and skips one redriven for another group unread', async () => {
    const redriven = (value: string, app: string) => ({ value: Buffer.from(value), headers: { [redrivenHeaders.for]: app } })
    const decoded: string[] = []
    const input = {
      topic: topics.input,
      decode(bytes: Buffer) {
        decoded.push(String(bytes))
        return String(bytes)
      },
    }
    const first = await run({ input })
    await send('a', redriven('b', 'shouter'), redriven('c', 'whisperer'), 'd')
    await until(async () => expect((await committed())?.offset).toBe(4))
    await first.stop()
    expect(await texts(topics.output)).toEqual(['A', 'B', 'D'])
    expect(await texts(topics.deadLetters)).toEqual([])
    expect(decoded).toEqual(['a', 'b', 'd'])
    const [, output] = await read(topics.output)
    expect(output!.headers).toEqual({})
  })

  it.each([
    [
      'cannot be decoded',
      'undecodable',
      {
        input: {
          topic: topics.input,
          decode(bytes: Buffer) {
            if (String(bytes) === 'b') throw new RejectedError('undecodable', 'not Avro')
            return String(bytes)
          },
        },
      },
    ],
    [
      'cannot be decoded, it turns out later',
      'undecodable',
      {
        input: {
          topic: topics.input,
          decode: async (bytes: Buffer) => {
            if (String(bytes) === 'b') throw new RejectedError('undecodable', 'unknown schema')
            return String(bytes)
          },
        },
      },
    ],
    [
      'gives an output that cannot be encoded',
      'unencodable',
      {
        encode({ value }) {
          if (value === 'B') throw new RejectedError('unencodable', 'no such field')
          return Buffer.from(value)
        },
      },
    ],
    [
      'gives an output that is too large',
      'output_too_large',
      { maxRecordBytes: 100_000, encode: ({ value }) => (value === 'B' ? Buffer.alloc(100_001) : Buffer.from(value)) },
    ],
  ] satisfies [string, string, Partial<Options>][])('refuses a record that %s', async (_, code, options) => {
    await run(options)
    await send('a', 'b', 'c')
    await until(async () => expect(await texts(topics.output)).toEqual(['A', 'C']))
    const [letter] = await read(topics.deadLetters)
    expect(String(letter!.value)).toBe('b')
    expect(letter!.headers[deadLetterHeaders.code]).toBe(code)
  })

  it('refuses a record without value', async () => {
    await run()
    await send({ value: null }, 'b')
    await until(async () => expect(await texts(topics.output)).toEqual(['B']))
    expect((await read(topics.deadLetters))[0]!.headers[deadLetterHeaders.code]).toBe('no_value')
  })

  it('passes on where and when a record’s story began', async () => {
    await run()
    const headers = { 'collected-at': '1650000000000', traceparent: '00-abc-def-01', 'dead-letter-attempt': '2' }
    await send({ value: Buffer.from('a'), headers })
    await until(async () => expect(await read(topics.output)).toHaveLength(1))
    const [output] = await read(topics.output)
    expect(output!.headers).toEqual({ 'collected-at': '1650000000000', traceparent: '00-abc-def-01' })
  })

  it('does not pass on what is no story but a burden: a header of megabytes neither ends it nor is written again', async () => {
    await run()
    await send({ value: Buffer.from('a'), headers: { traceparent: 'x'.repeat(8_000_000), 'collected-at': '7' } }, 'b')
    await until(async () => expect(await texts(topics.output)).toEqual(['A', 'B']))
    expect((await read(topics.output))[0]!.headers).toEqual({ 'collected-at': '7' })
  })

  it.each<[string, (bytes: number) => Partial<LogRecord>]>([
    ['its key', (bytes) => ({ key: 'k'.repeat(bytes) })],
    ['its headers', (bytes) => ({ headers: { 'x-large': 'h'.repeat(bytes) } })],
    ['both together', (bytes) => ({ key: 'k'.repeat(bytes / 2), headers: { 'x-large': 'h'.repeat(bytes / 2) } })],
  ])('measures an output whole: one that is too large with %s is a dead letter', async (_what, about) => {
    const large: Processor<string, string, null> = {
      initial: () => null,
      process: (batch) =>
        batch.map(({ value }) => ({ type: 'emit', outputs: [{ topic: topics.output, key: 'k', ...about(1_000), value }] as never })),
    }
    await run({ processor: large as Processor<string, string, unknown>, maxRecordBytes: 1_000 })
    await send('a')
    await until(async () => expect(await read(topics.deadLetters)).toHaveLength(1))
    expect((await read(topics.deadLetters))[0]!.headers[deadLetterHeaders.code]).toBe('output_too_large')
    expect(await texts(topics.output)).toEqual([])
  })

  it('cuts large batches into transactions of at most so many records', async () => {
    const sizes: number[] = []
    const metrics: RunnerMetrics = { ...noRunnerMetrics, committed: (records) => void sizes.push(records.length) }
    await send(...Array.from({ length: 25 }, (_, index) => `${index}`))
    await run({ maxRecordsPerTransaction: 10, metrics })
    await until(async () => expect((await committed())?.offset).toBe(25))
    expect(sizes).toEqual([10, 10, 5])
  })

  it('waits for what its inputs need before it processes them', async () => {
    const steps: string[] = []
    let attempts = 0
    await send('a')
    await run({
      async prepare(inputs) {
        steps.push(`prepare ${inputs.map(({ value }) => value)}`)
        if (++attempts < 3) throw new RetryableError('the model is not there yet')
      },
      processor: {
        initial: () => null,
        process: (batch) =>
          batch.map(({ value }) => {
            steps.push(`process ${value}`)
            return { type: 'skip', reason: 'seen' }
          }),
      },
    })
    await until(async () => expect((await committed())?.offset).toBe(1))
    expect(steps).toEqual(['prepare a', 'prepare a', 'prepare a', 'process a'])
  })

  it('ends with an error that nobody can cure', async () => {
    const error = new FatalError('a bug')
    const runner = await run({
      processor: {
        initial: () => null,
        process: () => {
          throw error
        },
      },
    })
    await send('a')
    await expect(runner.finished).rejects.toBe(error)
    expect(await committed()).toBeNull()
  })

  it('finishes and commits the slice in hand when it stops, and no more', async () => {
    const begun = Promise.withResolvers<void>()
    const release = Promise.withResolvers<void>()
    await send('a', 'b', 'c', 'd')
    const runner = await run({
      maxRecordsPerTransaction: 2,
      async prepare() {
        begun.resolve()
        await release.promise
      },
    })
    await begun.promise
    const stopped = runner.stop()
    release.resolve()
    await stopped
    await runner.finished
    expect((await committed())?.offset).toBe(2)
    expect(await texts(topics.output)).toEqual(['A', 'B'])
  })

  it('tells what it did', async () => {
    const messages: string[] = []
    const latencies: number[] = []
    const metrics: RunnerMetrics = {
      ...noRunnerMetrics,
      records: (result, count, detail) => void messages.push(`${count} ${result} ${detail}`.trim()),
      committed: (records: readonly CommittedRecord[], at) =>
        void latencies.push(...records.map(({ headers }) => at - Number(headers['collected-at']))),
    }
    const headers = { 'collected-at': String(systemClock.now() - 50) }
    await send(...['a', 'b', 'skip c', 'bad d', 'skip aloud e'].map((text) => ({ value: Buffer.from(text), headers })))
    await run({ metrics })
    await until(() => expect(messages).toEqual(['2 emitted', '2 skipped asked_to', '1 rejected bad_price']))
    expect(await texts(topics.output)).toEqual(['A', 'B', 'SKIP ALOUD E'])
    for (const millis of latencies) expect(millis).toBeGreaterThanOrEqual(50)
    expect(latencies).toHaveLength(5)
  })

  it('is ready once it is a member with its state restored, and not while it waits', async () => {
    const health = createHealth({ clock: systemClock })
    let away = true
    const runner = createRunner<string, string, null>({
      name: 'shouter',
      log,
      clock: systemClock,
      logger,
      group,
      input: { topic: topics.input, decode: String },
      processor: shout,
      encode: ({ value }) => Buffer.from(value),
      deadLetters: topics.deadLetters,
      guarantee: 'exactly_once',
      health,
      async prepare() {
        if (away) throw new RetryableError('the registry is away')
      },
    })
    runners.push(runner)
    expect(health.report().ready).toBe(false)
    await runner.start()
    await until(() => expect(health.report().ready).toBe(true))
    await send('a')
    await until(() =>
      expect(health.report().conditions[`progress ${topics.input}`]).toEqual({ ready: false, detail: 'the registry is away' }),
    )
    expect(health.report().alive).toBe(true)
    away = false
    await until(() => expect(health.report().ready).toBe(true))
    expect(await texts(topics.output)).toEqual(['A'])
  })
})

describe('a runner whose position is gone', () => {
  /** Whoever waits by it waits no real time. */
  const hurried = (): Clock => {
    let time = 0
    return {
      ...systemClock,
      monotonic: () => time,
      async sleep(millis) {
        time += millis
      },
    }
  }
  const moveTo = async (committed: CommittedOffset) => {
    const tool = log.transactionalProducer('by-hand')
    await tool.fence()
    await tool.commitTransaction({ records: [], position: { group, partition: { topic: topics.input, partition: 0 }, committed } })
  }
  const forget = async (runner: Runner) => {
    await runner.stop()
    await log.admin().deleteGroups([group])
  }
  /** What the runner ends with; null: it goes on. */
  const endOf = (runner: Runner) =>
    Promise.race([
      runner.finished.then(
        () => null,
        (error: Error) => error,
      ),
      until(async () => expect(await log.admin().committed(group, { topic: topics.input, partition: 0 })).not.toBeNull()).then(() => null),
    ])

  it('refuses to make its outputs again, names the command that says where to go on, and refuses at the next start, too', async () => {
    const runner = await run()
    await send('a', 'b')
    await until(async () => expect(await texts(topics.output)).toEqual(['A', 'B']))
    await forget(runner)
    for (let start = 0; start < 2; start++) {
      const error = await endOf(await run({ clock: hurried() }))
      expect(error).toBeInstanceOf(FatalError)
      expect(error!.message).toContain(`--group ${group} --topic ${topics.input} --reset-offsets`)
    }
    expect(await texts(topics.output)).toEqual(['A', 'B'])
  })

  it('refuses although its first inputs give no output, where it says what it writes', async () => {
    const runner = await run()
    await send('skip this', 'a')
    await until(async () => expect(await texts(topics.output)).toEqual(['A']))
    await forget(runner)
    const again = await run({ clock: hurried(), outputs: [topics.output], maxRecordsPerTransaction: 1 })
    expect(await endOf(again)).toBeInstanceOf(FatalError)
    expect(await texts(topics.output)).toEqual(['A'])
  })

  it('goes on where it is told to', async () => {
    const runner = await run()
    await send('a', 'b')
    await until(async () => expect(await texts(topics.output)).toEqual(['A', 'B']))
    await forget(runner)
    await moveTo({ offset: 2, metadata: '' })
    await run()
    await send('c')
    await until(async () => expect(await texts(topics.output)).toEqual(['A', 'B', 'C']))
  })

  it('begins where all that was ever written was aborted', async () => {
    const killed = log.transactionalProducer('killed')
    await killed.fence()
    const abort = () => Promise.reject(new RetryableError('killed'))
    const records = [{ topic: topics.output, key: 'k', value: Buffer.from('x') }]
    await killed.commitTransaction({ records, beforeCommit: abort }).catch(() => {})
    await killed.fence()
    await send('a')
    await run()
    await until(async () => expect(await texts(topics.output)).toEqual(['A']))
  })
})

describe('a runner that retention passed', () => {
  const lossesOf = () => {
    const losses: { offsets: number }[] = []
    const lacks: number[] = []
    const metrics: RunnerMetrics = {
      ...noRunnerMetrics,
      missing: (_partition, offsets) => losses.push({ offsets }),
      restoreLacks: (_partition, offsets) => lacks.push(offsets),
    }
    return { losses, lacks, metrics }
  }
  const numbered = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => `n${from + index}`)

  it('while it was stopped: counts what is lost, goes on behind it', async () => {
    const first = await run()
    await send(...numbered(0, 5))
    await until(async () => expect(await texts(topics.output)).toHaveLength(5))
    await first.stop()
    await send(...numbered(5, 15))
    log.deleteRecords({ topic: topics.input, partition: 0 }, 12)
    const { losses, metrics } = lossesOf()
    await run({ metrics })
    await until(async () => expect((await texts(topics.output)).slice(5)).toEqual(['N12', 'N13', 'N14']))
    expect(losses).toEqual([{ offsets: 7 }])
  })

  it('while it works: counts what is lost, once', async () => {
    const { losses, metrics } = lossesOf()
    const waiting = Promise.withResolvers<void>()
    let prepared = 0
    await run({ metrics, maxRecordsPerTransaction: 1, prepare: () => (prepared++ === 0 ? waiting.promise : undefined) })
    await send('n0')
    await until(() => expect(prepared).toBe(1))
    await send(...numbered(1, 10))
    log.deleteRecords({ topic: topics.input, partition: 0 }, 8)
    waiting.resolve()
    await until(async () => expect(await texts(topics.output)).toEqual(['N0', 'N8', 'N9']))
    expect(losses).toEqual([{ offsets: 7 }])
  })
})

describe('a runner at least once', () => {
  it('writes outputs, then moves the position', async () => {
    await run({ guarantee: 'at_least_once' })
    await send('a', 'bad b', 'c')
    await until(async () => expect((await committed())?.offset).toBe(3))
    expect(await texts(topics.output)).toEqual(['A', 'C'])
    expect(await texts(topics.deadLetters)).toEqual(['bad b'])
  })

  it('sends again what it cannot know to be sent, without folding it twice', async () => {
    let failures = 1
    const flaky = {
      ...log,
      producer: () => {
        const producer = log.producer()
        return {
          ...producer,
          async send(records: readonly NewRecord[]) {
            await producer.send(records)
            if (failures-- > 0) throw new RetryableError('no answer')
          },
        }
      },
    }
    let counted = 0
    await run({
      log: flaky,
      guarantee: 'at_least_once',
      processor: {
        initial: () => null,
        process: (batch) => batch.map(() => ({ type: 'emit', outputs: [{ topic: topics.output, key: 'k', value: String(++counted) }] })),
      },
    })
    await send('a')
    await until(async () => expect((await committed())?.offset).toBe(1))
    expect(await texts(topics.output)).toEqual(['1', '1'])
  })
})

describe('a runner’s state', () => {
  const windowed = (options: Partial<RunnerOptions<WindowEvent, WindowSum, unknown>> = {}) => {
    const runner = createRunner<WindowEvent, WindowSum, unknown>({
      name: 'window',
      log,
      clock: systemClock,
      logger,
      group,
      input: { topic: topics.input, decode: (bytes) => JSON.parse(String(bytes)) },
      processor: createWindowProcessor(topics.output) as Processor<WindowEvent, WindowSum, unknown>,
      encode: ({ value }) => Buffer.from(JSON.stringify(value)),
      deadLetters: topics.deadLetters,
      guarantee: 'exactly_once',
      ...options,
    })
    runners.push(runner)
    return runner
  }
  /** A runner that stands by where it has no partition. `prepared`: the offsets it folded, or was about to. */
  const standingBy = ({
    prepare,
    pollMillis = 1,
  }: Pick<RunnerOptions<WindowEvent, WindowSum, unknown>, 'prepare'> & { pollMillis?: number } = {}) => {
    const health = createHealth({ clock: systemClock })
    const prepared: number[] = []
    const consumers: Consumer[] = []
    const consumer = (options: ConsumerOptions) => {
      const made = log.consumer(options)
      consumers.push(made)
      return made
    }
    const runner = windowed({
      log: { ...log, consumer },
      health,
      standby: { pollMillis },
      async prepare(inputs) {
        prepared.push(...inputs.map(({ record }) => record.offset))
        await prepare?.(inputs)
      },
    })
    return { runner, health, prepared, consumer: () => consumers[0] as Consumer }
  }
  const add = (id: number, time: number) => JSON.stringify({ type: 'add', id: String(id), key: 'k', time, amount: 1 })
  const sums = async () => (await texts(topics.output)).map((text) => (JSON.parse(text) as WindowSum).sum)

  it('is there again before the first record comes, folded from no further back than needed', async () => {
    const first = windowed()
    await first.start()
    await send(...Array.from({ length: 100 }, (_, index) => add(index, index * 100)))
    await until(async () => expect(await sums()).toHaveLength(100))
    await first.stop()
    const health = createHealth({ clock: systemClock })
    const restored: number[] = []
    const second = windowed({ health, metrics: { ...noRunnerMetrics, restored: (_, records) => void restored.push(records) } })
    await second.start()
    await until(() => expect(restored).toHaveLength(1))
    expect(restored[0]).toBeLessThan(15)
    await until(() => expect(health.report().ready).toBe(true))
    await send(add(100, 10_000))
    await until(async () => expect((await sums()).at(-1)).toBe(11))
    expect(await sums()).toHaveLength(101)
  })

  it('goes on being restored after a rebalance in the middle of it', async () => {
    const first = windowed()
    await first.start()
    await send(...Array.from({ length: 50 }, (_, index) => add(index, index * 20)))
    await until(async () => expect(await sums()).toHaveLength(50))
    await first.stop()
    const folding = Promise.withResolvers<void>()
    const release = Promise.withResolvers<void>()
    const health = createHealth({ clock: systemClock })
    const inSmallBatches = { ...log, consumer: (options: ConsumerOptions) => log.consumer({ ...options, maxBytesPerPartition: 300 }) }
    const second = windowed({
      health,
      log: inSmallBatches,
      async prepare() {
        folding.resolve()
        await release.promise
      },
    })
    await second.start()
    await folding.promise
    log.rebalance(group)
    release.resolve()
    await until(() => expect(health.report().ready).toBe(true))
    await send(add(50, 1_000))
    await until(async () => expect((await sums()).at(-1)).toBe(51))
  })

  it('is kept over a rebalance that leaves the partition here', async () => {
    const restored: number[] = []
    const runner = windowed({ metrics: { ...noRunnerMetrics, restored: (_, records) => void restored.push(records) } })
    await runner.start()
    await send(add(0, 0), add(1, 1))
    await until(async () => expect(await sums()).toEqual([1, 2]))
    log.rebalance(group)
    await send(add(2, 2))
    await until(async () => expect(await sums()).toEqual([1, 2, 3]))
    expect(restored).toEqual([])
  })

  it('is folded from all there is when the position was moved by hand', async () => {
    const first = windowed()
    await first.start()
    await send(add(0, 0), add(1, 1), add(2, 2))
    await until(async () => expect(await sums()).toEqual([1, 2, 3]))
    await first.stop()
    const tool = log.consumer({ group, topics: [topics.input], from: 'earliest' })
    await tool.start(async () => {})
    await tool.commit({ topic: topics.input, partition: 0 }, { offset: 2, metadata: '' })
    await tool.stop()
    await windowed().start()
    await until(async () => expect(await sums()).toEqual([1, 2, 3, 3]))
  })

  it('is kept warm by a standby, who folds only what is new when it takes over', async () => {
    const [active, standby] = [windowed(), standingBy()]
    await active.start()
    await standby.runner.start()
    await send(...Array.from({ length: 100 }, (_, index) => add(index, index)))
    await until(async () => expect(await sums()).toHaveLength(100))
    await until(() => expect(standby.prepared.length).toBe(100))
    await active.stop()
    await send(add(100, 100))
    await until(async () => expect(await sums()).toEqual(Array.from({ length: 101 }, (_, index) => index + 1)))
    expect(standby.prepared.length, 'no record is folded twice').toBe(101)
  })

  it('is warm before a member joins: until then nobody is disturbed, and it is not ready', async () => {
    const active = windowed()
    await active.start()
    await send(add(0, 0), add(1, 1))
    await until(async () => expect((await committed())?.offset).toBe(2))
    const store = Promise.withResolvers<void>()
    const standby = standingBy({ prepare: () => store.promise })
    await standby.runner.start()
    await active.stop()
    await send(add(2, 2))
    await until(() =>
      expect(standby.health.report()).toMatchObject({
        ready: false,
        conditions: { 'assigned in': { ready: false }, 'restored in': { ready: false, detail: 'standing by: 0 of 1 partitions' } },
      }),
    )
    store.resolve()
    await until(() => expect(standby.health.report().ready).toBe(true))
    await until(async () => expect(await sums()).toEqual([1, 2, 3]))
  })

  it('is not taken from a standby that it does not fit: the position was moved by hand after it last looked', async () => {
    const active = windowed()
    await active.start()
    await send(add(0, 0), add(1, 1), add(2, 2))
    await until(async () => expect(await sums()).toEqual([1, 2, 3]))
    const standby = standingBy({ pollMillis: 60_000 })
    await standby.runner.start()
    await until(() => expect(standby.health.report().ready).toBe(true))
    const tool = log.transactionalProducer('by-hand')
    await tool.fence()
    const moved = { group, partition: { topic: topics.input, partition: 0 }, committed: { offset: 1, metadata: '' } }
    await tool.commitTransaction({ records: [], position: moved })
    await active.stop()
    await until(async () => expect(await sums()).toEqual([1, 2, 3, 2, 3]))
  })

  it('is made warm again by a member that loses its partition', async () => {
    const first = standingBy()
    await first.runner.start()
    await until(() => expect(first.health.report().conditions['restored in']).toMatchObject({ detail: '1 of 1 partitions' }))
    await send(add(0, 0), add(1, 1))
    await until(async () => expect(await sums()).toEqual([1, 2]))
    const second = standingBy()
    await second.runner.start()
    await until(() => expect(second.health.report().ready).toBe(true))
    log.expel(group, first.consumer(), 'frozen')
    await until(() => expect(first.health.report().conditions['restored in']?.detail).toBe('standing by: 1 of 1 partitions'))
    await send(add(2, 2))
    await until(async () => expect(await sums()).toEqual([1, 2, 3]))
    await second.runner.stop()
    await send(add(3, 3))
    await until(async () => expect(await sums()).toEqual([1, 2, 3, 4]))
  })

  it('is let go by a standby that is told to stop before it is warm', async () => {
    const active = windowed()
    await active.start()
    await send(add(0, 0))
    await until(async () => expect((await committed())?.offset).toBe(1))
    await active.stop()
    const away = standingBy({
      prepare() {
        throw new RetryableError('the store is away')
      },
    })
    await away.runner.start()
    await until(() => expect(away.health.report().conditions['progress in']).toEqual({ ready: false, detail: 'the store is away' }))
    await away.runner.stop()
    await away.runner.finished
    expect((await committed())?.offset).toBe(1)
  })

  it.each([false, true])('is not made up where the position lies beyond the end of the topic (standby: %s)', async (standby) => {
    const tool = log.consumer({ group, topics: [topics.input], from: 'earliest' })
    await tool.start(async () => {})
    await tool.commit({ topic: topics.input, partition: 0 }, { offset: 100, metadata: '' })
    await tool.stop()
    const runner = windowed(standby ? { standby: { pollMillis: 1 } } : {})
    await runner.start()
    await expect(runner.finished).rejects.toThrow(/stands at offset 100.*ends at 0.*made anew or cut/)
  })

  it.each([0, 3])('is not made up where the topic was made anew, and holds %i records', async (records) => {
    const runner = await run()
    await send('a', 'b')
    await until(async () => expect((await committed())?.offset).toBe(2))
    await runner.stop()
    const admin = log.admin()
    await admin.deleteTopics([topics.input])
    await admin.createTopics([{ topic: topics.input, partitions: 1 }])
    if (records > 0) await send(...Array.from({ length: records }, (_, index) => `new ${index}`))
    const next = await run()
    await expect(next.finished).rejects.toThrow(/was made anew since group .* committed its position there/)
  })
})
