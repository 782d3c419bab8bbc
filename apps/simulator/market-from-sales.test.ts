import { describe, expect, test } from 'vitest'
import { usdToWei } from '#lib/market/money.ts'
import type { SoldAxie } from '#lib/synthetic/sold-axie.ts'
import { syntheticSales } from '#lib/synthetic/synthetic-sales.ts'
import { ethUsd, type Happening, priceWeiAt } from './happenings.ts'
import { createMarket } from './market.ts'
import { marketFromSales } from './market-from-sales.ts'

const start = Date.parse('2026-01-01T00:00:00Z')

function sales(count: number, seed = 1): SoldAxie[] {
  const generated = syntheticSales({ seed, start, salesPerHour: 200 })
  return Array.from({ length: count }, () => generated.next().value)
}
const happeningsOf = (sold: readonly SoldAxie[], unsoldShare = 0.3): Happening[] => [
  ...marketFromSales(sold, { seed: 1, unsoldShare, isTaken: (tokenId) => tokenId % 2 === 0 }),
]
const ofType = <Type extends Happening['type']>(happenings: readonly Happening[], type: Type) =>
  happenings.filter((happening): happening is Extract<Happening, { type: Type }> => happening.type === type)

describe('a market around sales', () => {
  const sold = sales(5_000)
  const happenings = happeningsOf(sold)

  test('has every sale, at its time and its price', () => {
    expect(ofType(happenings, 'sold').map(({ sale }) => ({ ...sale.axie, soldAt: sale.soldAt, priceUsd: sale.priceUsd }))).toEqual(sold)
  })

  test('happens in order of time', () => {
    const times = happenings.map(({ at }) => at)
    expect(times).toEqual(times.toSorted((a, b) => a - b))
  })

  test('offers each axie before it is sold, for the very price, and after it was sold before', () => {
    const soldBefore = new Map<string, number>()
    const offered = new Set()
    for (const happening of happenings) {
      if (happening.type === 'offered') {
        offered.add(happening.offer)
        expect(happening.at).toBeGreaterThanOrEqual(soldBefore.get(happening.offer.axie.tokenId) ?? 0)
      }
      if (happening.type !== 'sold') continue
      const { offer, sale } = happening
      expect(offered.has(offer)).toBe(true)
      expect(sale.priceWei).toBe(usdToWei(sale.priceUsd, ethUsd))
      expect(priceWeiAt(offer, sale.soldAt).toString()).toBe(sale.priceWei)
      soldBefore.set(sale.axie.tokenId, sale.soldAt)
    }
  })

  test('has the share of unsold asks that was asked for, each above the sale it is like, and each withdrawn', () => {
    const soldOffers = new Set(ofType(happenings, 'sold').map(({ offer }) => offer))
    const unsold = ofType(happenings, 'offered').filter(({ offer }) => !soldOffers.has(offer))
    expect(unsold.length / sold.length).toBeCloseTo(0.3, 1)
    expect(ofType(happenings, 'withdrawn')).toHaveLength(unsold.length)
    expect(new Set(unsold.map(({ offer }) => offer.axie.tokenId)).size).toBe(unsold.length)
    expect(unsold.every(({ offer }) => Number(offer.axie.tokenId) % 2 === 1)).toBe(true)
    const cheapest = Math.min(...sold.map(({ priceUsd }) => priceUsd))
    expect(unsold.every(({ offer }) => BigInt(offer.endedPriceWei) > BigInt(usdToWei(cheapest, ethUsd)))).toBe(true)
    const dutch = unsold.filter(({ offer }) => offer.durationSeconds > 0)
    expect(dutch.length / unsold.length).toBeCloseTo(1 / 7, 1)
    for (const { offer } of dutch) expect(BigInt(offer.basePriceWei)).toBeGreaterThan(BigInt(offer.endedPriceWei))
  })

  test('is the same every time', () => {
    expect(happeningsOf(sold)).toEqual(happenings)
  })

  test('sells what was bought by who bought it', () => {
    const owners = new Map<string, string>()
    let resales = 0
    for (const { sale } of ofType(happenings, 'sold')) {
      const owner = owners.get(sale.axie.tokenId)
      if (owner !== undefined) {
        expect(sale.seller).toBe(owner)
        resales++
      }
      owners.set(sale.axie.tokenId, sale.buyer)
    }
    expect(resales).toBeGreaterThan(100)
  })

  test('nobody buys from himself', () => {
    expect(ofType(happenings, 'sold').filter(({ sale }) => sale.seller === sale.buyer)).toEqual([])
  })
})

test('a Dutch price moves linearly and stays at its end', () => {
  const [axie] = sales(1)
  const offer = { axie: axie!, seller: '0x', startedAt: start, durationSeconds: 100, basePriceWei: '1000', endedPriceWei: '500' }
  const after = (seconds: number) => priceWeiAt(offer, start + seconds * 1_000)
  expect([after(-5), after(0), after(50), after(100), after(500)]).toEqual([1000n, 1000n, 750n, 500n, 500n])
})

describe('the market at a moment', () => {
  const market = () => createMarket({ happenings: happeningsOf(sales(3_000)), remembersSales: 500 })
  const all = { from: 0, size: 1_000_000 }

  test('has open what was offered and not yet sold or withdrawn', () => {
    const at = start + 8 * 3_600_000
    const open = new Set<unknown>()
    for (const happening of happeningsOf(sales(3_000))) {
      if (happening.at > at) break
      if (happening.type === 'offered') open.add(`${happening.offer.axie.tokenId}:${happening.at}`)
      else open.delete(`${happening.offer.axie.tokenId}:${happening.offer.startedAt}`)
    }
    const seen = market()
    seen.advanceTo(at)
    const { results, total } = seen.newestOffers(all, {})
    expect(total).toBe(open.size)
    expect(new Set(results.map(({ offer }) => `${offer.axie.tokenId}:${offer.startedAt}`))).toEqual(open)
  })

  test('does not depend on the steps by which time came there', () => {
    const [once, often] = [market(), market()]
    once.advanceTo(start + 10 * 3_600_000)
    for (let minute = 0; minute <= 600; minute++) often.advanceTo(start + minute * 60_000)
    expect(often.newestOffers(all, {})).toEqual(once.newestOffers(all, {}))
    expect(often.counts()).toEqual(once.counts())
  })

  test('remembers a bounded number of sales, the newest', () => {
    const full = market()
    full.advanceTo(start + 14 * 3_600_000)
    const { results } = full.settledSales(all)
    expect(full.counts().sales).toBeGreaterThan(2_500)
    expect(results.length).toBeLessThanOrEqual(550)
    expect(results.map(({ soldAt }) => soldAt)).toEqual(results.map(({ soldAt }) => soldAt).toSorted((a, b) => b - a))
    for (const { axie } of results) expect(full.axie(axie.tokenId)?.sales.length).toBeGreaterThan(0)
  })

  test('answers by criteria', () => {
    const plants = market()
    plants.advanceTo(start + 8 * 3_600_000)
    const criteria = { classes: ['Plant'], breedCount: [0, 1], parts: ['back-pumpkin'] }
    const { results, total } = plants.newestOffers(all, criteria)
    expect(results.length).toBe(total)
    expect(total).toBeGreaterThan(0)
    for (const { offer } of results) {
      expect(offer.axie).toMatchObject({ class: 'Plant', parts: { back: 'back-pumpkin' } })
      expect(offer.axie.breedCount).toBeLessThan(2)
    }
  })
})
