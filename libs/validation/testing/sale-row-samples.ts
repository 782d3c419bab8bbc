import type { SaleRow } from '#lib/validation/sale-row.ts'

/** 2022-04-11T00:00:00Z */
export const firstRowAt = 1_649_635_200_000

/** An honest sale, but for what a test changes. */
export const sampleRow = (change: Partial<SaleRow> = {}): SaleRow => ({
  where: 'row 2',
  observedAt: null,
  time: firstRowAt,
  id: 1_000,
  class: 'Plant',
  breedCount: 1,
  purity: 33,
  eyes: 'eyes-bookworm',
  ears: 'ears-friezard',
  mouth: 'mouth-herbivore',
  horn: 'horn-leaf-bug',
  back: 'back-bone-sail',
  tail: 'tail-yam',
  priceUsd: 24,
  seller: null,
  buyer: null,
  ...change,
})

/** As many honest sales as wanted, a minute apart, of two classes. */
export const sampleRows = (count: number): SaleRow[] =>
  Array.from({ length: count }, (_, place) =>
    sampleRow({
      where: `row ${place + 2}`,
      time: firstRowAt + place * 60_000,
      id: 1_000 + place,
      ...(place % 3 === 0 ? { class: 'Aquatic', purity: 0 } : {}),
      breedCount: place % 5,
      priceUsd: 20 + (place % 17),
    }),
  )
