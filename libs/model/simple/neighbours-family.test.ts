import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { InputColumn } from '#lib/model/input-encoding.ts'
import type { TrainingTask } from '#lib/model/model-family.ts'
import type { Examples } from '#lib/model/price-model.ts'
import { createNeighboursFamily } from './neighbours-family.ts'

const columns: readonly InputColumn[] = [
  { name: 'class', kind: 'category', size: 3 },
  { name: 'hit_points', kind: 'number' },
  { name: 'horn', kind: 'category', size: 4 },
]
type Sold = Readonly<{ class: number; horn: number; price: number }>

const examples = (sold: readonly Sold[]): Examples => ({
  vectors: Float32Array.from(sold.flatMap((sale) => [sale.class, 40, sale.horn])),
  levels: new Float64Array(sold.length),
  logPrices: Float64Array.from(sold, ({ price }) => price),
})

async function medianFor(asked: Omit<Sold, 'price'>, sold: readonly Sold[], settings: Parameters<typeof createNeighboursFamily>[0]) {
  const task: TrainingTask = { columns, anchor: 'hit_points', fit: examples(sold), stopping: examples([]), seed: 1 }
  const { forecaster } = await createNeighboursFamily({ weights: { class: 3 }, ...settings }).fit(task)
  return forecaster.forecast(Float32Array.of(asked.class, 40, asked.horn))[2]
}

describe('nearest neighbours', { timeout: 60_000 }, () => {
  test('are those that share most categories, each by its weight', async () => {
    const sold = [
      { class: 0, horn: 0, price: 1 },
      { class: 0, horn: 1, price: 2 },
      { class: 1, horn: 0, price: 3 },
      { class: 2, horn: 3, price: 4 },
    ]
    expect(await medianFor({ class: 0, horn: 1 }, sold, { neighbours: 1 })).toBe(2)
    expect(await medianFor({ class: 0, horn: 1 }, sold, { neighbours: 2 })).toBe(1.5)
    expect(await medianFor({ class: 1, horn: 3 }, sold, { neighbours: 1 })).toBe(3)
  })

  test('the newest among equals; what is older than the memory is forgotten', async () => {
    const sold = [1, 2, 3].map((price) => ({ class: 0, horn: 0, price }))
    expect(await medianFor({ class: 0, horn: 0 }, sold, { neighbours: 1 })).toBe(3)
    expect(await medianFor({ class: 2, horn: 3 }, sold, { neighbours: 9, mostRows: 2 })).toBe(2.5)
  })

  test('are found by the index as by comparing with every row', async () => {
    const sale = fc.record({
      class: fc.integer({ min: -1, max: 3 }),
      horn: fc.integer({ min: -1, max: 4 }),
      price: fc.integer({ min: 0, max: 9 }),
    })
    await fc.assert(
      fc.asyncProperty(
        fc.array(sale, { minLength: 1, maxLength: 30 }),
        sale,
        fc.integer({ min: 1, max: 9 }),
        async (sold, asked, neighbours) => {
          const known = (code: number, size: number) => code >= 0 && code < size
          const likeness = (other: Sold) =>
            (known(asked.class, 3) && asked.class === other.class ? 3 : 0) + (known(asked.horn, 4) && asked.horn === other.horn ? 1 : 0)
          const nearest = sold
            .map((other, row) => ({ price: other.price, likeness: likeness(other), row }))
            .sort((a, b) => b.likeness - a.likeness || b.row - a.row)
            .slice(0, neighbours)
            .map(({ price }) => price)
            .sort((a, b) => a - b)
          const place = (nearest.length - 1) / 2
          const median = ((nearest[Math.floor(place)] as number) + (nearest[Math.ceil(place)] as number)) / 2
          expect(await medianFor(asked, sold, { neighbours })).toBeCloseTo(median)
        },
      ),
    )
  })
})
