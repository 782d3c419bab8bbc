import { Writable } from 'node:stream'
import { expect, test } from 'vitest'
import { run } from '#app/cli/sample/main.ts'
import type { SoldAxie } from './sold-axie.ts'
import { syntheticSales } from './synthetic-sales.ts'

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
