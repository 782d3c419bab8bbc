import { pino } from 'pino'
import { describe, expect, it, vi } from 'vitest'
import { systemClock } from '#lib/clock/clock.ts'
import { FatalError, RetryableError } from '#lib/errors/errors.ts'
import type { CommittedOffset, TopicPartition } from '#lib/stream/log.ts'
import { createMemoryLog } from '#lib/stream/memory/memory-log.ts'
import { redrivenHeaders } from '#lib/stream/redriven.ts'
import { createSinkRunner, type PartitionSink, type SinkRunnerOptions } from './sink-runner.ts'

const topic = 'topic'
const group = 'group'
const until = (condition: () => void | Promise<void>) => vi.waitFor(condition, { timeout: 5_000, interval: 1 })

async function setUp(partitions = 1) {
  const log = createMemoryLog({ clock: systemClock })
  const admin = log.admin()
  await admin.createTopics([{ topic, partitions }])
  const send = (values: readonly string[], partition = 0) =>
    log.producer().send(values.map((value) => ({ topic, key: 'k', value: Buffer.from(value), partition })))
  const committed = async (partition = 0) => (await admin.committed(group, { topic, partition }))?.offset ?? null
  const run = async (open: SinkRunnerOptions['open'], options: Partial<SinkRunnerOptions> = {}) => {
    const logger = pino({ level: 'silent' })
    const runner = createSinkRunner({ log, clock: systemClock, logger, group, topics: [topic], open, ...options })
    await runner.start()
    return runner
  }
  return { log, send, committed, run }
}

/** Keeps what it is given, and says that all of it is durable. */
const keepIn = (kept: string[]): PartitionSink => ({
  async write({ records, nextOffset }) {
    kept.push(...records.map(({ value }) => String(value)))
    return { offset: nextOffset, metadata: '' }
  },
})

describe('a sink runner', () => {
  it('commits where the sink says that all is durable', async () => {
    const { send, committed, run } = await setUp()
    const kept: string[] = []
    await send(['a', 'b'])
    const runner = await run(() => keepIn(kept))
    await until(async () => expect(await committed()).toBe(2))
    expect(kept).toEqual(['a', 'b'])
    await runner.stop()
    await runner.finished
  })

  it('passes over what was redriven for another app, unless it is to keep everything', async () => {
    const { log, committed, run } = await setUp()
    const redriven = (value: string, app: string) => ({
      topic,
      key: 'k',
      value: Buffer.from(value),
      headers: { [redrivenHeaders.for]: app },
    })
    await log.producer().send([redriven('mine', 'teller'), redriven('theirs', 'other')])
    const messages: string[] = []
    const teller = await run(() => keepIn(messages), { name: 'teller' })
    await until(async () => expect(await committed()).toBe(2))
    await teller.stop()
    const archived: string[] = []
    const archive = await run(() => keepIn(archived), { group: 'archive' })
    await until(() => expect(archived).toEqual(['mine', 'theirs']))
    await archive.stop()
    expect(messages).toEqual(['mine'])
  })

  it('commits nothing while the sink holds records back, and delivers them again to the next', async () => {
    const { send, committed, run } = await setUp()
    const handed: string[] = []
    await send(['a', 'b'])
    const holding = await run(() => ({
      async write({ records }) {
        handed.push(...records.map(({ value }) => String(value)))
        return null
      },
    }))
    await until(() => expect(handed).toEqual(['a', 'b']))
    await holding.stop()
    expect(await committed()).toBeNull()
    const kept: string[] = []
    const opened: (CommittedOffset | null)[] = []
    const next = await run((_, position) => {
      opened.push(position)
      return keepIn(kept)
    })
    await until(() => expect(kept).toEqual(['a', 'b']))
    await next.stop()
    expect(opened).toEqual([null])
  })

  it('opens the sink with the position it goes on from', async () => {
    const { send, committed, run } = await setUp()
    await send(['a'])
    const first = await run(() => ({ write: async ({ nextOffset }) => ({ offset: nextOffset, metadata: 'remembered' }) }))
    await until(async () => expect(await committed()).toBe(1))
    await first.stop()
    const opened: [TopicPartition, CommittedOffset | null][] = []
    const second = await run((...args) => {
      opened.push(args)
      return keepIn([])
    })
    await until(() =>
      expect(opened).toEqual([
        [
          { topic, partition: 0 },
          { offset: 1, metadata: 'remembered' },
        ],
      ]),
    )
    await second.stop()
  })

  it('ends where its topic was made anew, though that holds as many records', async () => {
    const { log, send, committed, run } = await setUp()
    const kept: string[] = []
    await send(['a', 'b'])
    const before = await run(() => keepIn(kept))
    await until(async () => expect(await committed()).toBe(2))
    await before.stop()
    const admin = log.admin()
    await admin.deleteTopics([topic])
    await admin.createTopics([{ topic, partitions: 1 }])
    await send(['c', 'd', 'e'])
    const after = await run(() => keepIn(kept))
    await expect(after.finished).rejects.toThrow(/topic was made anew since group/)
    expect(kept).toEqual(['a', 'b'])
  })

  it('lets other partitions flow, and reads no further, while a sink is slow', async () => {
    const { log, send, run } = await setUp(2)
    const kept: string[] = []
    const slow = Promise.withResolvers<void>()
    const taken: string[] = []
    const runner = await run(({ partition }) =>
      partition === 1
        ? keepIn(kept)
        : {
            async write({ records, nextOffset }) {
              taken.push(...records.map(({ value }) => String(value)))
              await slow.promise
              return { offset: nextOffset, metadata: '' }
            },
          },
    )
    for (const value of ['1', '2', '3', '4', '5', '6']) {
      await send([value], 0)
      await send([value], 1)
      await new Promise((resolve) => setImmediate(resolve))
    }
    await until(() => expect(kept).toHaveLength(6))
    expect(taken).toEqual(['1'])
    slow.resolve()
    await until(() => expect(taken).toEqual(['1', '2', '3', '4', '5', '6']))
    await runner.stop()
    await log.close()
  })

  it('tries the same batch again while something is away', async () => {
    const { send, committed, run } = await setUp()
    let attempts = 0
    await send(['a'])
    const runner = await run(() => ({
      async write({ nextOffset }) {
        if (++attempts < 3) throw new RetryableError('the store is away')
        return { offset: nextOffset, metadata: '' }
      },
    }))
    await until(async () => expect(await committed()).toBe(1))
    expect(attempts).toBe(3)
    await runner.stop()
  })

  it('ends with a fatal error of its sink', async () => {
    const { send, run } = await setUp()
    const error = new FatalError('the archive has a gap')
    await send(['a'])
    const runner = await run(() => ({
      write: async () => {
        throw error
      },
    }))
    await expect(runner.finished).rejects.toBe(error)
    await runner.stop()
  })

  it('gives a quiet sink the chance to finish what time alone finishes', async () => {
    const { send, committed, run } = await setUp()
    await send(['a'])
    let seen = 0
    const runner = await run(
      () => ({
        async write({ nextOffset }) {
          seen = nextOffset
          return null
        },
        idle: async () => (seen === 0 ? null : { offset: seen, metadata: '' }),
      }),
      { idleMillis: 5 },
    )
    await until(async () => expect(await committed()).toBe(1))
    await runner.stop()
  })

  it('finishes and commits the batch in the sink’s hands when it stops', async () => {
    const { send, committed, run } = await setUp()
    const writing = Promise.withResolvers<void>()
    const release = Promise.withResolvers<void>()
    let closed = false
    await send(['a'])
    const runner = await run(() => ({
      async write({ nextOffset }) {
        writing.resolve()
        await release.promise
        return { offset: nextOffset, metadata: '' }
      },
      async close() {
        closed = true
      },
    }))
    await writing.promise
    const stopped = runner.stop()
    release.resolve()
    await stopped
    expect(await committed()).toBe(1)
    expect(closed).toBe(true)
  })

  it('opens its sinks anew after a rebalance, from what is committed', async () => {
    const { log, send, committed, run } = await setUp()
    const opened: (number | null)[] = []
    let closed = 0
    const runner = await run((_, position) => {
      opened.push(position?.offset ?? null)
      return {
        ...keepIn([]),
        async close() {
          closed++
        },
      }
    })
    await send(['a'])
    await until(async () => expect(await committed()).toBe(1))
    log.rebalance(group)
    await until(() => expect(opened).toEqual([null, 1]))
    expect(closed).toBe(1)
    await send(['b'])
    await until(async () => expect(await committed()).toBe(2))
    await runner.stop()
  })
})
