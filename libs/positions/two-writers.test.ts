import fc from 'fast-check'
import { expect, it } from 'vitest'
import { systemClock } from '#lib/clock/clock.ts'
import { createCodec } from '#lib/codec/codec.ts'
import { createMemoryRegistry } from '#lib/codec/registry.ts'
import { topicSettings } from '#lib/market/topics.ts'
import { createMemoryLog } from '#lib/stream/memory/memory-log.ts'
import type { Position } from '#schemas/types.ts'
import { createPositionBook, type PositionBook } from './position-book.ts'
import { createPositionWriter } from './position-writer.ts'
import { samplePosition } from './testing/position-samples.ts'

/** Two processes of one market, each of which hears the log when it is told to. */
async function open() {
  const codec = createCodec({ registry: createMemoryRegistry() })
  await codec.prepare(['Position'])
  const log = createMemoryLog({ clock: systemClock })
  await log.admin().createTopics(topicSettings('run.', { partitions: 1 }))
  const process = () => {
    const book = createPositionBook()
    return { book, writer: createPositionWriter({ producer: log.producer(), codec, prefix: 'run.', book }) }
  }
  const hear = async (book: PositionBook): Promise<void> => {
    const follower = await log.follow(['run.positions'], async (records) => {
      for (const { value } of records) book.take(await codec.decode('Position', value as Buffer))
    })
    await follower.caughtUp
    await follower.stop()
  }
  return { process, hear }
}

const press = { account: 'main', tokenId: '7', usd: 20, by: 'x', alert: null }

it('a button pressed in two processes at once opens one position: the first of the log, for both and for whoever starts later', async () => {
  const { process, hear } = await open()
  const [one, other] = [process(), process()]
  // The clock of the second is behind.
  const [first] = await Promise.all([one.writer.bought({ ...press, at: 2_000 }), other.writer.bought({ ...press, at: 1_000 })])
  expect([one.book.open(), other.book.open()].map(({ length }) => length)).toEqual([1, 1])
  const later = process()
  for (const { book } of [one, other, later]) {
    await hear(book)
    expect(book.all()).toEqual([first])
  }
  await expect(other.writer.bought({ ...press, at: 3_000 })).rejects.toThrow(/main has it already/)
  expect(await other.writer.sold({ account: 'main', tokenId: '7', usd: 30, at: 4_000, by: 'said' })).toMatchObject({ boughtAt: 2_000 })
  await hear(one.book)
  expect(one.book.all()).toMatchObject([{ soldUsd: 30 }])
})

it('who sells the second before hearing of the first sells the axie', async () => {
  const { process, hear } = await open()
  const [one, other] = [process(), process()]
  await one.writer.bought({ ...press, at: 1_000 })
  await other.writer.bought({ ...press, at: 1_001 })
  await other.writer.sold({ account: 'main', tokenId: '7', usd: 30, at: 2_000, by: 'seen' })
  for (const { book } of [one, other]) {
    await hear(book)
    expect(book.all()).toMatchObject([{ boughtAt: 1_000, soldUsd: 30, soldAt: 2_000, soldBy: 'seen' }])
    expect(book.open()).toEqual([])
  }
})

type Written = Readonly<{ process: 0 | 1; hears: boolean; sells: boolean }>

it('whatever two processes write, nobody has an axie twice; and what compaction leaves tells the same', () => {
  const step = fc.record<Written>({ process: fc.constantFrom(0, 1), hears: fc.boolean(), sells: fc.boolean() })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), fc.nat(), (steps, cut) => {
      const log = writtenBy(steps)
      const book = bookOf(log)
      expect(book.open().length).toBeLessThanOrEqual(1)
      // One after the other, and each ends before the next begins.
      const all = book.all().reverse()
      expect(all.every(({ boughtAt }, index) => index === 0 || (all[index - 1]?.soldAt ?? Number.POSITIVE_INFINITY) <= boughtAt)).toBe(true)
      const compacted = bookOf(compact(log, cut % (log.length + 1)))
      expect(compacted.open()).toEqual(book.open())
      expect(compacted.all()).toEqual(book.all())
    }),
    { numRuns: 2_000 },
  )
})

/** Each process decides by what it has heard and what it wrote. Nothing is sold before both have heard all, as it takes somebody to buy it. */
function writtenBy(steps: readonly Written[]): Position[] {
  const log: Position[] = []
  const books = [createPositionBook(), createPositionBook()]
  const heard = [0, 0]
  const hear = (process: number): void => {
    for (const position of log.slice(heard[process])) books[process]?.take(position)
    heard[process] = log.length
  }
  steps.forEach(({ process, hears, sells }, index) => {
    if (hears) hear(process)
    if (sells) [0, 1].forEach(hear)
    const book = books[process] as PositionBook
    const [held] = book.open()
    const at = 1_000 * (index + 1)
    if (sells === (held === undefined)) return
    const position = held ?? samplePosition({ positionId: `main:7:${at}`, boughtAt: at })
    const written = sells ? { ...position, soldUsd: 30, soldAt: at, soldBy: 'said' as const } : position
    log.push(written)
    book.wrote(written)
  })
  return log
}

const bookOf = (log: readonly Position[]): PositionBook => {
  const book = createPositionBook()
  for (const position of log) book.take(position)
  return book
}

/** As a broker does: of what is before `until`, the newest of each key, at its place. */
const compact = (log: readonly Position[], until: number): Position[] =>
  log.filter(({ positionId }, index) => index >= until || !log.slice(index + 1, until).some((newer) => newer.positionId === positionId))
