import { expect, it } from 'vitest'
import { hourMillis } from '#lib/clock/durations.ts'
import { turned } from './market-turn.ts'
import type { SoldAxie } from './sold-axie.ts'
import { syntheticSales } from './synthetic-sales.ts'

const start = Date.parse('2026-01-01T00:00:00Z')
const at = start + 48 * hourMillis

function take(sales: Iterable<SoldAxie>, count: number): SoldAxie[] {
  const taken: SoldAxie[] = []
  for (const sale of sales) if (taken.push(sale) === count) break
  return taken
}

it('a market that turns is as it was before, dearer afterwards, and knows one part more', () => {
  const market = () => syntheticSales({ seed: 1, start, salesPerHour: 60 })
  const plain = take(market(), 8_000)
  const sales = take(turned(market(), { at, priceFactor: 2, newPart: 'tail-maki' }), 8_000)
  const place = plain.findIndex(({ soldAt }) => soldAt >= at)
  expect(sales.slice(0, place)).toEqual(plain.slice(0, place))
  const after = sales.slice(place)
  const isNew = ({ parts }: SoldAxie) => parts.tail === 'tail-maki'
  expect(after.filter(isNew).length / after.length).toBeCloseTo(0.14, 1)
  for (const [index, sale] of after.entries()) {
    const before = plain[place + index] as SoldAxie
    expect(sale.priceUsd).toBe(Math.round(before.priceUsd * 2 * (isNew(sale) ? 1.8 : 1)))
  }
  // An axie does not change its parts.
  const tails = Map.groupBy(sales, ({ tokenId }) => tokenId)
  for (const [, own] of tails) expect(new Set(own.map(({ parts }) => parts.tail)).size).toBe(1)
})
