import { z } from 'zod'
import { type Forecaster, type ModelFamily, type StoredModel, targetsOf } from '#lib/model/model-family.ts'
import { quantileCount, quantileLevels } from '#lib/model/quantile-head.ts'

type Settings = Readonly<{
  /** So many of the newest training rows are remembered. */
  mostRows: number
  neighbours: number
  /** What an equal category counts, in halves; 1 where it is not named. */
  weights: Readonly<Record<string, number>>
}>

const usualSettings: Settings = {
  mostRows: 8_000,
  neighbours: 24,
  weights: { class: 6, back: 4, horn: 3, mouth: 3, tail: 3 },
}

/**
 * k nearest neighbours over parts: the quantiles of what those training rows fetched that share most categories with a row, the newer
 * first among equals. Rows are looked up by category (an inverted index), not compared one by one.
 */
export function createNeighboursFamily(changed: Partial<Settings> = {}): ModelFamily {
  const settings = { ...usualSettings, ...changed }
  return {
    kind: 'neighbours',
    settings,
    async fit({ columns, fit }) {
      const width = columns.length
      const categories = columns.flatMap(({ name, kind, size = 0 }, column) =>
        kind === 'category' ? [{ column, size, weight: settings.weights[name] ?? 1 }] : [],
      )
      const rows = Math.min(settings.mostRows, fit.levels.length)
      const oldest = fit.levels.length - rows
      const codes = new Int16Array(rows * categories.length)
      for (let row = 0, at = 0; row < rows; row++) {
        for (const { column, size } of categories) {
          const code = fit.vectors[(oldest + row) * width + column] as number
          codes[at++] = code >= 0 && code < size ? code : -1
        }
      }
      const prices = Float32Array.from(targetsOf(fit).subarray(oldest))
      const memory = { vectorWidth: width, neighbours: settings.neighbours, categories, codes, prices }
      return { forecaster: createForecaster(memory), learning: null }
    },
    restore: (stored) => createForecaster(restoreMemory(stored)),
  }
}

const count = z.number().int().nonnegative()
const definitionSchema = z.object({
  vectorWidth: count,
  neighbours: z.number().int().positive(),
  categories: z.array(z.object({ column: count, size: count, weight: count })),
  rows: count,
})

/** Remembered rows, oldest first. */
type Memory = Omit<z.infer<typeof definitionSchema>, 'rows'> &
  Readonly<{
    /** rows × categories; -1 where unknown */
    codes: Int16Array
    prices: Float32Array
  }>

function createForecaster(memory: Memory): Forecaster {
  const { vectorWidth, neighbours, categories, codes, prices } = memory
  const index = invert(memory)
  const likeness = new Uint8Array(prices.length)
  const nearest = new Float64Array(Math.min(neighbours, prices.length))
  const forecastRow = (vectors: Float32Array, at: number, quantiles: Float64Array): void => {
    likeness.fill(0)
    categories.forEach(({ column, weight }, category) => {
      for (const row of index[category]?.[vectors[at + column] as number] ?? []) likeness[row] = (likeness[row] as number) + weight
    })
    takeNearest(likeness, prices, nearest)
    nearest.sort()
    quantileLevels.forEach((level, k) => {
      const place = level * (nearest.length - 1)
      const below = nearest[Math.floor(place)] ?? 0
      quantiles[k] = below + (place % 1) * ((nearest[Math.ceil(place)] ?? below) - below)
    })
  }
  return {
    vectorWidth,
    forecast(vectors) {
      const forecasts = new Float64Array((vectors.length / vectorWidth) * quantileCount)
      for (let at = 0, to = 0; at < vectors.length; at += vectorWidth, to += quantileCount) {
        forecastRow(vectors, at, forecasts.subarray(to, to + quantileCount))
      }
      return forecasts
    },
    explain: null,
    store: () => ({
      definition: { vectorWidth, neighbours, categories, rows: prices.length },
      weights: Buffer.concat([codes, prices].map(({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength))),
    }),
    dispose: () => {},
  }
}

/** Per category and code the rows that have it. */
function invert({ categories, codes, prices }: Memory): Int32Array[][] {
  return categories.map(({ size }, category) => {
    const rows = Array.from({ length: size }, (): number[] => [])
    for (let row = 0; row < prices.length; row++) rows[codes[row * categories.length + category] as number]?.push(row)
    return rows.map((list) => Int32Array.from(list))
  })
}

/** The prices of the most alike rows, as many as `nearest` has room for. */
function takeNearest(likeness: Uint8Array, prices: Float32Array, nearest: Float64Array): void {
  const counts = new Int32Array(256)
  for (let row = 0; row < likeness.length; row++) counts[likeness[row] as number] = (counts[likeness[row] as number] as number) + 1
  let least = 255
  let above = 0
  while (least > 0 && above + (counts[least] as number) < nearest.length) above += counts[least--] as number
  let [free, roomForLeast] = [0, nearest.length - above]
  for (let row = likeness.length - 1; row >= 0 && free < nearest.length; row--) {
    const alike = likeness[row] as number
    if (alike < least || (alike === least && roomForLeast-- <= 0)) continue
    nearest[free++] = prices[row] as number
  }
}

function restoreMemory({ definition, weights }: StoredModel): Memory {
  const { rows, ...parsed } = definitionSchema.parse(definition)
  const codeBytes = 2 * rows * parsed.categories.length
  if (weights.length !== codeBytes + 4 * rows) throw new Error(`expected ${codeBytes + 4 * rows} bytes of rows, found ${weights.length}`)
  const prices = new Float32Array(new Uint8Array(weights.subarray(codeBytes)).buffer)
  if (!prices.every(Number.isFinite)) throw new Error('a remembered price is not finite')
  return { ...parsed, codes: new Int16Array(new Uint8Array(weights.subarray(0, codeBytes)).buffer), prices }
}
