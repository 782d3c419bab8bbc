import { describe, expect, test } from 'vitest'
import { recordedSales } from '../../tests/market-data.ts'
import { readSoldAxies } from './recorded-sales.ts'
import { buildOf, type SoldAxie } from './sold-axie.ts'
import { syntheticSales } from './synthetic-sales.ts'

const generate = (count: number): SoldAxie[] => {
  const sales = syntheticSales({ seed: 1, start: Date.parse('2026-01-01T00:00:00Z'), salesPerHour: 200 })
  return Array.from({ length: count }, () => sales.next().value)
}

describe('beside the recorded sales', { timeout: 60_000 }, () => {
  const shareBy = (sales: readonly SoldAxie[], key: (sale: SoldAxie) => string | number) => {
    const shares = new Map<string | number, number>()
    for (const sale of sales) shares.set(key(sale), (shares.get(key(sale)) ?? 0) + 1 / sales.length)
    return shares
  }
  const quantilesOf = (values: readonly number[], probabilities: readonly number[]) => {
    const sorted = values.toSorted((a, b) => a - b)
    return probabilities.map((probability) => sorted[Math.floor(probability * (sorted.length - 1))]!)
  }
  const resaleGains = (sales: readonly SoldAxie[]): number[] => {
    const last = new Map<string, number>()
    return sales.flatMap(({ tokenId, priceUsd }) => {
      const before = last.get(tokenId)
      last.set(tokenId, priceUsd)
      return before === undefined ? [] : [priceUsd / before - 1]
    })
  }

  test('classes, breed counts, common builds, prices and resales are alike', async () => {
    const recorded = await readSoldAxies(recordedSales())
    const generated = generate(recorded.length)
    for (const key of [(sale: SoldAxie) => sale.class, (sale: SoldAxie) => sale.breedCount]) {
      const [real, made] = [shareBy(recorded, key), shareBy(generated, key)]
      for (const [value, share] of real) expect(made.get(value) ?? 0).toBeCloseTo(share, 1.7)
    }
    const topShare = (sales: readonly SoldAxie[]) =>
      [...shareBy(sales, buildOf).values()]
        .toSorted((a, b) => b - a)
        .slice(0, 200)
        .reduce((sum, share) => sum + share, 0)
    expect(Math.abs(topShare(generated) - topShare(recorded))).toBeLessThan(0.12)

    const prices = (sales: readonly SoldAxie[]) =>
      quantilesOf(
        sales.map(({ priceUsd }) => priceUsd),
        [0.05, 0.25, 0.5, 0.75, 0.95, 0.99],
      )
    for (const [index, price] of prices(generated).entries()) {
      expect(price / prices(recorded)[index]!).toBeGreaterThan(0.8)
      expect(price / prices(recorded)[index]!).toBeLessThan(1.25)
    }
    const [realGains, madeGains] = [resaleGains(recorded), resaleGains(generated)]
    expect(Math.abs(madeGains.length / realGains.length - 1)).toBeLessThan(0.15)
    for (const [index, gain] of quantilesOf(madeGains, [0.25, 0.5, 0.75]).entries())
      expect(Math.abs(gain - quantilesOf(realGains, [0.25, 0.5, 0.75])[index]!)).toBeLessThan(0.08)
  })
})
