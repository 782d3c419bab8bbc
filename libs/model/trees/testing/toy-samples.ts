/** Rows for the tests of this directory: a function that is known, of a number, a number sometimes unknown, and two categories. */
import type { InputColumn } from '#lib/model/input-encoding.ts'
import type { TreeExamples } from '#lib/model/trees/fit-trees.ts'
import { createRandom } from '#lib/numbers/random.ts'

export const toyColumns: readonly InputColumn[] = [
  { name: 'size', kind: 'number' },
  { name: 'last_price', kind: 'relative' },
  { name: 'colour', kind: 'category', size: 3 },
  { name: 'maker', kind: 'category', size: 40 },
  { name: 'weather', kind: 'number' },
]

/** What a toy is worth without chance: curved in its size, more with a last price, an interaction, makers that mean nothing in order. */
export function worthOf(size: number, lastPrice: number, colour: number, maker: number): number {
  const known = Number.isNaN(lastPrice) ? -0.5 : 0.8 * lastPrice
  return Math.sin(2 * size) + known + (colour === 2 && size > 0 ? 1 : 0) + ((maker * 17) % 40) / 20
}

/** @param noise standard deviation of what is chance */
export function toys(rows: number, seed: number, noise = 0.1): TreeExamples {
  const random = createRandom(seed)
  const vectors = new Float32Array(rows * toyColumns.length)
  const targets = new Float64Array(rows)
  for (let row = 0; row < rows; row++) {
    const size = Math.fround(random.normal())
    const lastPrice = random.uniform() < 0.3 ? Number.NaN : Math.fround(random.normal())
    const colour = Math.floor(random.uniform() * 3)
    const maker = Math.floor(random.uniform() * 40)
    vectors.set([size, lastPrice, colour, maker, random.normal()], row * toyColumns.length)
    targets[row] = worthOf(size, lastPrice, colour, maker) + noise * random.normal()
  }
  return { vectors, targets }
}
