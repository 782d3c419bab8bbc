import { existsSync } from 'node:fs'
import { Writable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { run } from '#app/cli/sample/main.ts'
import { readSoldAxies } from './recorded-sales.ts'
import { buildOf, type SoldAxie } from './sold-axie.ts'
import { syntheticSales } from './synthetic-sales.ts'

const recordedFile = '../shared/data/axie-sales-2022-04-11_22.csv'
const start = Date.parse('2026-01-01T00:00:00Z')
const generate = (count: number, seed = 1): SoldAxie[] => {
  const sales = syntheticSales({ seed, start, salesPerHour: 200 })
  return Array.from({ length: count }, () => sales.next().value)
}

test('the same seed gives the same sales, another seed others', () => {
  expect(generate(500)).toEqual(generate(500))
  expect(generate(500, 2)).not.toEqual(generate(500))
})

test('sales come in order of time, at the rate that was asked for', () => {
  const sales = generate(20_000)
  const times = sales.map(({ soldAt }) => soldAt)
  expect(times).toEqual(times.toSorted((a, b) => a - b))
  // A little slower at first: resales take days to set in.
  const perHour = sales.length / ((times.at(-1)! - start) / 3_600_000)
  expect(perHour).toBeGreaterThan(180)
  expect(perHour).toBeLessThan(205)
})

test('an axie keeps its body, and the same id is not two axies', () => {
  const bodies = new Map<string, unknown>()
  for (const { tokenId, class: name, parts } of generate(40_000)) {
    const body = { name, parts }
    expect(bodies.get(tokenId) ?? body).toEqual(body)
    bodies.set(tokenId, body)
  }
})

test('the sample is a sales file like any other, and what follows from the seed', async () => {
  let text = ''
  const output = new Writable({
    write(chunk, _encoding, done) {
      text += chunk
      done()
    },
  })
  expect(await run(['--days', '0.5', '--seed', '7'], output)).toBe(0)
  const [header, first] = text.split('\n')
  expect(header).toBe('time,id,class,breedCount,purity,eyes,ears,mouth,horn,back,tail,priceUsd')
  expect(first).toMatch(/^\d{10},\d+,[A-Z][a-z]+,[0-7],\d{1,3}(,[a-z]+-[a-z0-9-?]+){6},\d+$/)
  expect(text.trimEnd().split('\n').length).toBeGreaterThan(2_000)
  await expect(run(['--days', 'many'], output)).rejects.toThrow(/--days: expected a number/)
})

describe('beside the recorded sales', { timeout: 60_000 }, () => {
  if (!existsSync(recordedFile)) throw new Error('expected the real market data in ../shared/data, found none: these checks need it')

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
    const recorded = await readSoldAxies(recordedFile)
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
