import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createManualClock } from '#lib/clock/clock.ts'
import { createDatasetCache, type FoldedSales } from './dataset-cache.ts'

const folded = (price: number): FoldedSales => ({
  itemEffects: null,
  dataset: {
    // A part of a larger buffer, as the fold gives it.
    examples: { vectors: Float32Array.of(1, Number.NaN, 3).subarray(1), levels: Float64Array.of(3), logPrices: Float64Array.of(price) },
    times: Float64Array.of(1_649_635_200_000),
    tokenIds: ['7'],
    alikeKeys: Float64Array.of(5),
    breedCounts: Uint8Array.of(1),
    alike: [{ usd: [20, 30], watchedHours: 5 }],
    historyOnly: 2,
  },
})

describe('the cache of data sets', () => {
  let directory: string
  const clock = createManualClock(1_649_635_200_000)
  const said: string[] = []
  const cacheOf = (options: { maxBytes?: number; directory?: string } = {}) =>
    createDatasetCache({ directory, maxBytes: 1e6, clock, say: (line) => void said.push(line), ...options })
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'flipstream-datasets-'))
  })
  afterEach(() => rmSync(directory, { recursive: true }))

  test('gives back what was kept, to the bit, and nothing of what was not', async () => {
    const cache = cacheOf()
    expect(await cache.read('a')).toBeNull()
    await cache.write('a', folded(3.5))
    expect(await cache.read('a')).toEqual(folded(3.5))
    expect(readdirSync(directory)).toEqual(['a.dataset'])
  })

  test('a file that was altered or cut is as good as none', async () => {
    const cache = cacheOf()
    await cache.write('a', folded(3.5))
    const file = join(directory, 'a.dataset')
    const bytes = readFileSync(file)
    for (const damaged of [bytes.subarray(0, 40), Buffer.alloc(0), Buffer.from(bytes).fill(1, bytes.length - 1)]) {
      writeFileSync(file, damaged)
      expect(await cache.read('a')).toBeNull()
    }
  })

  test('forgets what was used longest ago when it is full', async () => {
    const cache = cacheOf()
    for (const key of ['a', 'b']) await cache.write(key, folded(1))
    const size = readFileSync(join(directory, 'a.dataset')).length
    clock.advanceTo(1_649_635_201_000)
    await cache.read('b')
    clock.advanceTo(1_649_635_202_000)
    await cache.read('a')
    const halfWritten = join(directory, 'd.dataset.4711')
    writeFileSync(halfWritten, Buffer.alloc(size))
    utimesSync(halfWritten, 0, 0)
    await cacheOf({ maxBytes: 2 * size }).write('c', folded(1))
    expect(readdirSync(directory).sort()).toEqual(['a.dataset', 'c.dataset'])
  })

  test('a place that takes nothing is told, and the training goes on', async () => {
    const file = join(directory, 'no-directory')
    writeFileSync(file, '')
    await cacheOf({ directory: file }).write('a', folded(1))
    expect(said.at(-1)).toContain('the folded sales are not kept for the next training')
  })
})
