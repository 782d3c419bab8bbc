import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readNewestFirst } from './newest-first.ts'
import type { Page } from './page.ts'

type Entry = Readonly<{ id: number }>

/** A list, newest first, that changes by a plan: one step before each page is made. */
function movingList(ids: number[], steps: readonly ((ids: number[]) => number[])[]) {
  let list = [...ids]
  let requests = 0
  const always = new Set(ids)
  return {
    requests: () => requests,
    /** On the list from the first page to the last. */
    stayed: () => [...always],
    list: () => list,
    async fetch({ from, size }: { from: number; size: number }): Promise<Page<Entry>> {
      list = steps[requests]?.(list) ?? list
      requests++
      for (const id of always) if (!list.includes(id)) always.delete(id)
      const items = list.slice(from, from + size).map((id) => ({ id }))
      return { items, rejects: [], count: items.length, total: list.length, heldAt: 1, marketTime: 1 }
    },
  }
}

const read = (list: ReturnType<typeof movingList>, known: ReadonlySet<number>, sizes = { firstSize: 5, size: 8, overlap: 3 }) =>
  readNewestFirst<Entry>({
    fetch: list.fetch,
    keyOf: ({ id }) => String(id),
    isKnown: ({ id }) => known.has(id),
    isPast: () => false,
    maxPages: 500,
    ...sizes,
  })

const idsOf = ({ items }: { items: readonly { item: Entry }[] }): number[] => items.map(({ item }) => item.id)
const descending = (from: number, to: number): number[] => Array.from({ length: from - to + 1 }, (_, index) => from - index)

test('a quiet list costs one small page', async () => {
  const list = movingList(descending(100, 1), [])
  const { items, complete } = await read(list, new Set(descending(99, 1)))
  expect(items.map(({ item }) => item.id)).toEqual([100])
  expect(complete).toBe(true)
  expect(list.requests()).toBe(1)
})

test('a burst is read down to what is known', async () => {
  const list = movingList(descending(100, 1), [])
  expect(idsOf(await read(list, new Set(descending(50, 1))))).toEqual(descending(100, 51))
})

test('what moved up past the edge of the page before is found by stepping back', async () => {
  // The whole first page is sold before the second is asked for: 90 would slip through an offset.
  const sold = (ids: number[]) => ids.filter((id) => id <= 92)
  const list = movingList(descending(100, 1), [(ids) => ids, sold])
  expect(idsOf(await read(list, new Set(descending(40, 1))))).toEqual(expect.arrayContaining(descending(92, 41)))
})

test('a page served twice hides nothing', async () => {
  const list = movingList(descending(60, 1), [])
  let last: Page<Entry> | undefined
  let count = 0
  const stuttering = async (asked: { from: number; size: number }) => {
    const page = count++ % 3 === 1 && last !== undefined ? last : await list.fetch(asked)
    last = page
    return page
  }
  const reading = await readNewestFirst<Entry>({
    fetch: stuttering,
    keyOf: ({ id }) => String(id),
    isKnown: ({ id }) => id <= 20,
    isPast: () => false,
    firstSize: 5,
    size: 8,
    overlap: 3,
    maxPages: 100,
  })
  expect(idsOf(reading).sort((a, b) => b - a)).toEqual(descending(60, 21))
})

test('an empty list, and one that says it is longer than it is, come to an end', async () => {
  expect((await read(movingList([], []), new Set())).complete).toBe(true)
  const list = movingList(descending(20, 1), [])
  const boasting = async (asked: { from: number; size: number }) => ({ ...(await list.fetch(asked)), total: 1_000 })
  const reading = await readNewestFirst<Entry>({
    fetch: boasting,
    keyOf: ({ id }) => String(id),
    isKnown: () => false,
    isPast: () => false,
    firstSize: 5,
    size: 8,
    overlap: 3,
    maxPages: 100,
  })
  expect(idsOf(reading)).toEqual(descending(20, 1))
  expect(list.requests()).toBeLessThan(15)
})

test('a reading that would take too many pages is cut, and says so', async () => {
  const list = movingList(descending(1_000, 1), [])
  const options = { firstSize: 5, size: 8, overlap: 3 }
  const reading = await readNewestFirst<Entry>({
    fetch: list.fetch,
    keyOf: ({ id }) => String(id),
    isKnown: () => false,
    isPast: () => false,
    maxPages: 4,
    ...options,
  })
  expect(reading.complete).toBe(false)
  expect(list.requests()).toBe(4)
})

/** Between two pages: new entries on top, and any of the others gone. */
const step = fc.record({ added: fc.integer({ min: 0, max: 12 }), removed: fc.array(fc.nat(), { maxLength: 25 }) })

test('property: whatever stays while the list is read is read, or lies below what is known', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: 60 }),
      fc.integer({ min: 0, max: 60 }),
      fc.array(step, { maxLength: 12 }),
      async (unknown, known, steps) => {
        let newest = unknown + known
        const moves = steps.map(({ added, removed }) => (ids: number[]) => {
          const kept = ids.filter((_, index) => !removed.some((place) => place % ids.length === index))
          const top = descending(newest + added, newest + 1)
          newest += added
          return [...top, ...kept]
        })
        const list = movingList(descending(unknown + known, 1), moves)
        const reading = await read(list, new Set(descending(known, 1)))
        expect(reading.complete).toBe(true)
        const seen = new Set(idsOf(reading))
        for (const id of list.stayed()) expect(id <= known || seen.has(id)).toBe(true)
        // And it leaves no hole: what is above the newest one seen is left to the next reading.
        expect(seen.size).toBe(idsOf(reading).length)
      },
    ),
    { numRuns: 2_000 },
  )
})

/** A list as the marketplace serves it: short pages, and nothing beyond its reach. */
function awkwardList(length: number, { longestPage = 100, cap = 10_000, totalOf = (from: number) => (from < cap ? length : 0) }) {
  let requests = 0
  return {
    requests: () => requests,
    async fetch({ from, size }: { from: number; size: number }): Promise<Page<Entry>> {
      requests++
      const end = from < cap ? Math.min(length, from + Math.min(size, longestPage)) : from
      const items = Array.from({ length: Math.max(0, end - from) }, (_, index) => ({ id: length - from - index }))
      return { items, rejects: [], count: items.length, total: totalOf(from), heldAt: 1, marketTime: 1 }
    },
  }
}
const readWhole = (list: { fetch(page: { from: number; size: number }): Promise<Page<Entry>> }, isPast = (_id: number) => false) =>
  readNewestFirst<Entry>({
    ...{ fetch: list.fetch, keyOf: ({ id }) => String(id), isKnown: () => false, isPast: ({ id }) => isPast(id) },
    ...{ firstSize: 100, size: 100, overlap: 10, maxPages: 5_000 },
  })

test.each([1, 2, 3, 7, 20, 99])('pages of %i where a hundred were asked for cost no more than their share', async (longestPage) => {
  const list = awkwardList(400, { longestPage })
  const reading = await readWhole(list)
  expect(idsOf(reading)).toEqual(descending(400, 1))
  expect(reading.complete).toBe(true)
  expect(list.requests()).toBeLessThanOrEqual(Math.ceil(400 / Math.max(1, longestPage - Math.ceil(longestPage / 4))) + 1)
})

test.each<[string, (request: number) => number]>([
  ['of one entry now and then', (request) => (request % 2 === 0 ? 1 : 20)],
  ['of one, two or three', (request) => 1 + (request % 3)],
  ['of any length', (request) => 1 + ((request * 37) % 100)],
  ['that are empty now and then', (request) => (request % 3 === 1 ? 0 : 20)],
])('pages %s hide nothing, and no page is read for ever', async (_, lengthOf) => {
  let requests = 0
  const { fetch } = awkwardList(400, {})
  const reading = await readWhole({ fetch: ({ from, size }) => fetch({ from, size: Math.min(size, lengthOf(requests++)) }) })
  expect([idsOf(reading), reading.complete]).toEqual([descending(400, 1), true])
  expect(requests).toBeLessThan(320)
})

test('a list that says it is longer than what it tells is not read whole', async () => {
  const list = awkwardList(200, { totalOf: () => 5_000 })
  const reading = await readWhole(list)
  expect([idsOf(reading), reading.cut]).toEqual([descending(200, 1), 'out_of_reach'])
  expect(list.requests()).toBeLessThan(12)
})

test('what lies beyond the reach of a list is not its end', async () => {
  for (const totalOf of [undefined, (from: number) => (from < 10_000 ? 10_000 : 0)]) {
    const list = awkwardList(60_000, totalOf === undefined ? {} : { totalOf })
    const reading = await readWhole(list)
    expect([reading.complete, reading.cut]).toEqual([false, 'out_of_reach'])
    expect(reading.items.length).toBeGreaterThanOrEqual(9_990)
    expect(list.requests()).toBeLessThan(115)
  }
})

test('a reach that is shorter than we think is noticed by its silence', async () => {
  const reading = await readWhole(awkwardList(5_000, { cap: 1_000 }))
  expect([reading.complete, reading.cut]).toEqual([false, 'out_of_reach'])
})

test('a reading that meets what it knows within reach is whole, however long the list', async () => {
  const reading = await readWhole(awkwardList(60_000, {}), (id) => id <= 55_000)
  expect([reading.complete, reading.items.length]).toEqual([true, 5_000])
})

test('an entry that is indexed late, below those that are known, is found by a deeper look and not by a quick one', async () => {
  const late = 80
  const look = (deep: boolean) =>
    readNewestFirst<Entry>({
      ...{
        fetch: awkwardList(100, {}).fetch,
        keyOf: ({ id }: Entry) => String(id),
        isKnown: ({ id }: Entry) => id !== late,
        isPast: () => false,
      },
      ...{ firstSize: 15, size: 15, overlap: 3, maxPages: 50, mayHideNews: ({ id }: Entry) => deep && id > 60 },
    })
  expect(idsOf(await look(false))).toEqual([])
  expect(idsOf(await look(true))).toEqual([late])
})
