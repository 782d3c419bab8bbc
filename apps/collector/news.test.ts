import { expect, test } from 'vitest'
import { createManualClock } from '#lib/clock/clock.ts'
import { payloadOf } from '#lib/market/event.ts'
import type { Marketplace, PageRequest } from '#lib/marketplace/client.ts'
import { createLogger } from '#lib/telemetry/logger.ts'
import type { Committer } from './committer.ts'
import { initialState } from './decision.ts'
import { createListingsTask, createSalesTask } from './news.ts'
import type { TaskContext } from './task-context.ts'
import { at, collecting, listing, sale } from './testing/market-samples.ts'

/** A list of so many entries, ten seconds apart, of which one shows late; and what a task makes of it, look after look. */
function lateMarket(what: 'listings' | 'sales', count: number, late: number) {
  const clock = createManualClock(0)
  let isShown = false
  let requests = 0
  const places = Array.from({ length: count }, (_, index) => count - index)
  const now = at(1_000 + count * 10)
  const page = <Item>({ from, size }: PageRequest, make: (place: number) => Item) => {
    requests++
    const shown = places.filter((place) => isShown || place !== late)
    const items = shown.slice(from, from + size).map(make)
    return Promise.resolve({ items, rejects: [], count: items.length, total: shown.length, heldAt: 1, marketTime: now })
  }
  const second = (place: number) => 1_000 + place * 10
  const marketplace = {
    newestListings: (asked: PageRequest) => page(asked, (place) => listing(place, second(place))),
    settledSales: (asked: PageRequest) =>
      page(asked, (place) => {
        const newest = sale(place, second(place))
        return { newest, sales: [newest] }
      }),
  }
  let state = initialState('axie')
  const written: string[] = []
  const committer: Committer = {
    state: () => state,
    commit(decide) {
      const decision = decide(state)
      state = decision.state
      for (const { event } of decision.events) {
        const payload = payloadOf(event)
        if (payload.kind === 'Listing' || payload.kind === 'Sale') written.push(payload.value.item.tokenId)
      }
      return Promise.resolve(decision)
    },
  }
  const context: TaskContext = {
    ...{ marketplace: marketplace as unknown as Marketplace, committer, clock, logger: createLogger('test', 'silent') },
    collecting: { ...collecting, memory: { capacity: 1_000, firstLookMillis: 1e9 }, maxEvents: 1_000 },
    paging: { size: 20, overlap: 5, maxPages: 100 },
    health: { turned: () => {} },
    metrics: { request() {}, poll() {}, answered() {}, budget() {}, fieldLeftOut() {}, committed() {} },
    marketTime: () => null,
  }
  const task = what === 'listings' ? createListingsTask(context) : createSalesTask(context)
  return {
    written,
    requests: () => requests,
    look: task,
    show() {
      isShown = true
    },
    pass: (seconds: number) => clock.advanceTo(clock.now() + seconds * 1_000),
  }
}

test.each(['listings', 'sales'] as const)(
  'one of the %s that shows nine minutes late, below what was read, is found within a minute, once',
  async (what) => {
    const market = lateMarket(what, 200, 200 - 54)
    await market.look()
    expect(market.written).toHaveLength(199)
    market.show()
    for (let looks = 0; looks < 10; looks++) await market.look()
    expect(market.written, 'quick looks end at what is known').toHaveLength(199)
    market.pass(60)
    for (let looks = 0; looks < 3; looks++) await market.look()
    expect(market.written).toHaveLength(200)
    expect(market.written.at(-1)).toBe(String(200 - 54))
  },
)

test.each(['listings', 'sales'] as const)('a deeper look at %s costs a few pages, once a minute', async (what) => {
  const market = lateMarket(what, 400, 0)
  await market.look()
  const requestsOf = async (looks: number): Promise<number> => {
    const before = market.requests()
    for (let look = 0; look < looks; look++) await market.look()
    return market.requests() - before
  }
  await requestsOf(1)
  expect(await requestsOf(5)).toBe(5)
  market.pass(60)
  const deep = await requestsOf(1)
  expect(deep).toBeGreaterThan(2)
  expect(deep).toBeLessThan(8)
  expect(await requestsOf(5)).toBe(5)
})
