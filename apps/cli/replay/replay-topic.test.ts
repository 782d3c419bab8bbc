import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createManualClock, systemClock } from '#lib/clock/clock.ts'
import { RetryableError } from '#lib/errors/errors.ts'
import type { Log, LogRecord } from '#lib/stream/log.ts'
import { createMemoryLog } from '#lib/stream/memory/memory-log.ts'
import type { FaultPoint } from '#lib/stream/memory/transactions.ts'
import { createPacer, dueBatches } from './pace.ts'
import { type ReplaySource, topicSource } from './replay-source.ts'
import { type ReplayTopicOptions, replayTopic } from './replay-topic.ts'

const target = 'again.market.events'

/** Offsets with gaps, as markers leave them. */
const recorded = (count: number, partition = 0): LogRecord[] =>
  Array.from({ length: count }, (_, index) => ({
    topic: 'market.events',
    partition,
    offset: index * 3 + partition,
    timestamp: 1_000 + index * 100,
    key: `k${index}`,
    value: index % 4 === 3 ? null : Buffer.from(`value ${partition} ${index}`),
    headers: index % 2 === 0 ? { 'collected-at': '7', trace: 'a' } : {},
  }))

const sourceOf = (records: readonly LogRecord[]): ReplaySource => {
  const recordsFrom = (partition: number, from: number) =>
    records.filter((record) => record.partition === partition && record.offset >= from)
  return {
    partitions: [...new Set(records.map(({ partition }) => partition))],
    count: (partition, from) => recordsFrom(partition, from).length,
    read: async function* (partition, from) {
      yield* recordsFrom(partition, from)
    },
    close: async () => {},
  }
}

const replayInto = (log: Log, source: ReplaySource, options: Partial<ReplayTopicOptions> = {}) =>
  replayTopic({
    log,
    clock: systemClock,
    source,
    sourceName: 'run/market.events',
    topic: target,
    group: 'again.replayer',
    speed: Number.POSITIVE_INFINITY,
    signal: new AbortController().signal,
    ...options,
  })

const visible = async (log: Log, topic = target): Promise<LogRecord[]> => {
  const records: LogRecord[] = []
  const follower = await log.follow([topic], (batch) => void records.push(...batch))
  await follower.caughtUp
  await follower.stop()
  return records.sort((a, b) => a.partition - b.partition || a.offset - b.offset)
}

const content = (records: readonly LogRecord[]) => records.map(({ partition, key, value }) => ({ partition, key, value }))

const createLog = async (options: Partial<Parameters<typeof createMemoryLog>[0]> = {}) => {
  const log = createMemoryLog({ clock: systemClock, ...options })
  await log.admin().createTopics([{ topic: target, partitions: 2 }])
  return log
}

describe('replay of a topic', () => {
  it('writes key and value as they were recorded, each to its partition, in order; only the moment of collection is its own', async () => {
    const log = await createLog()
    const records = [...recorded(5, 0), ...recorded(4, 1)]
    await replayInto(log, sourceOf(records), { clock: createManualClock(5_000) })
    const replayed = await visible(log)
    expect(content(replayed)).toEqual(content(records))
    expect(replayed.map(({ headers }) => headers).slice(0, 2)).toEqual([{ 'collected-at': '5000', trace: 'a' }, {}])
  })

  it('writes nothing when all is there, and goes on when the source has grown', async () => {
    const log = await createLog()
    const records = recorded(6)
    await replayInto(log, sourceOf(records.slice(0, 4)))
    const begun: unknown[] = []
    await replayInto(log, sourceOf(records.slice(0, 4)), { onBegin: (counts) => begun.push(counts) })
    await replayInto(log, sourceOf(records), { onBegin: (counts) => begun.push(counts) })
    expect(content(await visible(log))).toEqual(content(records))
    expect(begun).toEqual([
      { total: 4, done: 4 },
      { total: 6, done: 4 },
    ])
  })

  it('can be interrupted, and goes on from there', async () => {
    const log = await createLog()
    const interrupted = new AbortController()
    const limits = { maxRecords: 2, maxBytes: 1_000 }
    await replayInto(log, sourceOf(recorded(9)), { limits, signal: interrupted.signal, onRecords: () => interrupted.abort() })
    expect(await visible(log)).toHaveLength(2)
    await replayInto(log, sourceOf(recorded(9)), { limits })
    expect(content(await visible(log))).toEqual(content(recorded(9)))
  })

  it('reads a topic as well as an archive, to the end it has then', async () => {
    const log = await createLog()
    await log.admin().createTopics([{ topic: 'market.events', partitions: 2 }])
    const records = [...recorded(300, 0), ...recorded(200, 1)]
    await log.producer().send(records.map((record) => ({ ...record, key: record.key! })))
    const source = await topicSource(log, 'market.events')
    await replayInto(log, source, { limits: { maxRecords: 7, maxBytes: 1_000 } })
    await source.close()
    expect(content(await visible(log))).toEqual(content(records))
  })

  it('refuses a topic that somebody else wrote to', async () => {
    const log = await createLog()
    await log.producer().send([{ topic: target, key: 'k', value: null, partition: 0 }])
    await expect(replayInto(log, sourceOf(recorded(1)))).rejects.toThrow(/holds records that no replay wrote/)
  })

  it('refuses to go on with another recording', async () => {
    const log = await createLog()
    await replayInto(log, sourceOf(recorded(1)))
    await expect(replayInto(log, sourceOf(recorded(2)), { sourceName: 'other/market.events' })).rejects.toThrow(
      /holds a replay of run\/market.events, not of other\/market.events/,
    )
  })

  it('law: killed or failing anywhere, again and again, every record is there once, in order', async () => {
    const trouble = fc.record({ after: fc.integer({ min: 0, max: 6 }), dies: fc.boolean() })
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 1, max: 4 }),
        fc.array(trouble, { maxLength: 8 }),
        async (count, maxRecords, troubles) => {
          const pending = [...troubles]
          let steps = 0
          const fault = (_point: FaultPoint) => {
            if (pending[0] === undefined || steps++ < pending[0].after) return
            steps = 0
            throw pending.shift()!.dies ? new Error('killed') : new RetryableError('injected')
          }
          const log = await createLog({ fault })
          const records = [...recorded(count, 0), ...recorded(count, 1)]
          const clock = { ...systemClock, sleep: async () => {} }
          const attempt = () => replayInto(log, sourceOf(records), { clock, limits: { maxRecords, maxBytes: 1_000 } })
          // A killed process is started again by the same command.
          while (
            !(await attempt().then(
              () => true,
              (error: Error) => {
                if (error.message !== 'killed') throw error
                return false
              },
            ))
          );
          expect(content(await visible(log))).toEqual(content(records))
        },
      ),
      { numRuns: 200 },
    )
  })
})

describe('pace', () => {
  const run = async (speed: number) => {
    const clock = createManualClock(50_000)
    const written: [number, number][] = []
    const records = sourceOf(recorded(4)).read(0, 0)
    const pacer = createPacer({ clock, speed, start: 1_000 })
    const limits = { maxRecords: 10, maxBytes: 1_000 }
    const reading = (async () => {
      for await (const batch of dueBatches(records, { pacer, clock, limits, signal: new AbortController().signal }))
        written.push([clock.now() - 50_000, batch.length])
    })()
    for (let time = 0; time <= 400; time += 10) {
      clock.advanceTo(50_000 + time)
      await new Promise((resolve) => setImmediate(resolve))
    }
    await reading
    return written
  }

  it('is that of the recording, times the speed', async () => {
    // Recorded every 100 ms; a batch is written when the next record is not due yet.
    expect((await run(1)).map(([time]) => time)).toEqual([0, 100, 200, 300])
    expect((await run(2)).map(([time]) => time)).toEqual([0, 50, 100, 150])
  })

  it('is as fast as it goes where nothing else is said', async () => {
    expect(await run(Number.POSITIVE_INFINITY)).toEqual([[0, 4]])
  })
})
