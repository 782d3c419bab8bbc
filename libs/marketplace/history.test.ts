import { describe, expect, test } from 'vitest'
import type { Sale } from '#schemas/types.ts'
import type { SettledEntry } from './answers.ts'
import { MarketplaceError } from './errors.ts'
import { describeHistory, type HistoryOptions, mayPass, readHistory } from './history.ts'
import type { Page } from './page.ts'

const now = Date.UTC(2026, 10, 30)
const days = 21
const count = 60_000
const spacing = (days * 86_400_000) / count

/** 60,000 sales in 21 days, every axie sold three times: the newest of each third. */
const sale = (place: number): Sale => {
  const soldAt = now - place * spacing
  const item = { tokenId: String(place % 20_000), class: 'Aquatic', breedCount: 0, genes: null, parts: [], image: null }
  return { saleId: `axie:${item.tokenId}:${soldAt}`, item, soldAt, priceWei: '1', priceUsd: '5', seller: null, buyer: null, txHash: null }
}

/** Answers nothing from 10,000 on, and takes no criteria. */
const marketplace = {
  async settledSales({ from, size }: { from: number; size: number }): Promise<Page<SettledEntry>> {
    const places = from >= 10_000 ? [] : Array.from({ length: size }, (_, index) => from + index)
    const items = places.map((place) => ({ newest: sale(place), sales: [sale(place)], isCut: true }))
    return { items, rejects: [], count: items.length, total: from >= 10_000 ? 0 : count, heldAt: now, marketTime: now }
  },
  async salesOf(tokenId: string) {
    const value = [0, 20_000, 40_000].map((offset) => sale(Number(tokenId) + offset))
    return { value, heldAt: now, marketTime: now }
  },
}
const read = (options: Partial<HistoryOptions> = {}) =>
  readHistory({
    marketplace,
    days,
    size: 100,
    overlap: 10,
    transferRequests: 50,
    wait: (error) => Promise.reject(error),
    onAnswer() {},
    ...options,
  })

const archivedFrom = (oldest: number, newest = 0) =>
  Array.from({ length: oldest - newest }, (_, index) => sale(newest + index)).filter(({ soldAt }) => soldAt >= now - days * 86_400_000)

describe('history behind a list that ends out of reach', () => {
  test('is what came, with the days that it covers, and called nothing else', async () => {
    const history = await read()
    expect(history.complete).toBe(false)
    expect(history.daysCovered).toBeCloseTo(3.5, 1)
    expect(history.from.settled).toBeGreaterThan(9_990)
    expect(history.from.transfers).toBe(100)
    expect(history.requests).toBeLessThan(170)
    expect(describeHistory(history)).toMatch(/cover 3\.5 of the 21 days asked for: the list goes on out of reach/)
  })

  test('asks only for axies of which the list may not have told all: the others have nothing to add', async () => {
    const asked: string[] = []
    const isCut = (place: number) => place % 1_000 === 7
    const toldOlder = (place: number) => place % 2_000 === 7
    const history = await read({
      marketplace: {
        async settledSales(page) {
          const answer = await marketplace.settledSales(page)
          const items = answer.items.map((entry, index) => {
            const place = page.from + index
            const before = { ...entry.newest, saleId: `${entry.newest.saleId}:before`, soldAt: now - 30 * 86_400_000 }
            return { ...entry, sales: toldOlder(place) ? [entry.newest, before] : entry.sales, isCut: isCut(place) }
          })
          return { ...answer, items }
        },
        async salesOf(tokenId) {
          asked.push(tokenId)
          return marketplace.salesOf(tokenId)
        },
      },
    })
    expect(asked).toEqual(['1007', '3007', '5007', '7007', '9007'])
    expect(history.from.transfers).toBe(10)
  })

  test('goes on from our own archive, as far back as that is whole', async () => {
    const asked: number[][] = []
    const history = await read({
      async archived(from, before) {
        asked.push([from, before])
        return archivedFrom(40_000).filter(({ soldAt }) => soldAt < before)
      },
    })
    expect(asked).toHaveLength(1)
    expect(history.daysCovered).toBeCloseTo(14, 1)
    expect([history.complete, history.from.archive > 29_000]).toEqual([false, true])
  })

  test('is complete where the archive reaches all the way, and costs no request more', async () => {
    const history = await read({ archived: async (_from, before) => archivedFrom(count).filter(({ soldAt }) => soldAt < before) })
    expect(history).toMatchObject({ complete: true, daysCovered: 21, from: { transfers: 0 } })
    expect(history.sales.length).toBeGreaterThan(59_990)
    expect(describeHistory(history)).toContain('cover all of 21 days')
  })

  test('is not complete across a hole in the archive', async () => {
    const history = await read({ archived: async () => archivedFrom(count, 20_000) })
    expect(history.complete).toBe(false)
    expect(history.daysCovered).toBeCloseTo(3.5, 1)
  })
})

test('history within reach is whole, each sale once, in order', async () => {
  const history = await read({ days: 1 })
  expect(history).toMatchObject({ complete: true, daysCovered: 1, daysAsked: 1 })
  expect(new Set(history.sales.map(({ saleId }) => saleId)).size).toBe(history.sales.length)
  expect(history.sales.map(({ soldAt }) => soldAt)).toEqual(history.sales.map(({ soldAt }) => soldAt).sort((a, b) => a - b))
})

describe('a budget smaller than the history', () => {
  /** Lets so many requests through between two waits. */
  function rationed(ration: number) {
    let [left, waits] = [ration, 0]
    const spend = () => {
      if (left-- <= 0) throw new MarketplaceError('rate_limited', 'our share of the minute is spent', { retryAfterMillis: 60_000 })
    }
    return {
      marketplace: {
        async settledSales(page: { from: number; size: number }) {
          spend()
          return marketplace.settledSales(page)
        },
        async salesOf(tokenId: string) {
          spend()
          return marketplace.salesOf(tokenId)
        },
      },
      async wait() {
        waits++
        left = ration
      },
      waits: () => waits,
    }
  }

  test('is waited for where the reading stands: no page is read anew, or it would never end', async () => {
    const ration = rationed(30)
    const whole = await read({ transferRequests: 0 })
    const history = await read({ ...ration, transferRequests: 0 })
    expect(history.sales).toEqual(whole.sales)
    expect(ration.waits()).toBeGreaterThan(2)
    expect(history.requests).toBe(whole.requests + ration.waits())
  })

  test('ends what transfers would tell, and what came is kept', async () => {
    const ration = rationed(130)
    const history = await read({ ...ration, transferRequests: 300 })
    expect(ration.waits()).toBe(0)
    expect(history.from.transfers).toBeGreaterThan(20)
    expect(history.from.transfers).toBeLessThan(100)
    expect(describeHistory(history)).toMatch(/older ones of axies met, with gaps/)
  })

  test('an error that waiting does not mend ends the reading', async () => {
    const refused = { ...marketplace, settledSales: () => Promise.reject(new MarketplaceError('unauthorized', 'no such key')) }
    await expect(read({ marketplace: refused })).rejects.toThrow('no such key')
  })
})

test('an answer of another shape is believed once it has come four times in a row; what needs somebody, at once', () => {
  const passes = (code: ConstructorParameters<typeof MarketplaceError>[0]) =>
    [1, 3, 4, 100].map((failures) => mayPass(new MarketplaceError(code, ''), failures))
  expect(passes('unexpected_shape')).toEqual([true, true, false, false])
  expect(passes('graphql_error')).toEqual([true, true, true, true])
  expect(passes('forbidden')).toEqual([false, false, false, false])
})
