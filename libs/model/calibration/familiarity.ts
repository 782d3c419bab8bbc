import { z } from 'zod'
import { type InputColumn, quantileOfSorted } from '#lib/model/input-encoding.ts'

/**
 * What training rows looked like: of each number its middle and spread, of each category the codes that were seen. Null for a column
 * that training rows (almost) never know, or that is the same in (almost) all of them.
 */
export type Familiarity = Readonly<{
  columns: readonly (FamiliarNumber | FamiliarCategory | null)[]
  /** Root mean square of the scaled numbers that 0.1% of the training rows exceed. */
  spread: number
}>

type FamiliarNumber = Readonly<{ center: number; scale: number }>
type FamiliarCategory = Readonly<{ seen: readonly boolean[] }>

export const familiaritySchema = z.object({
  columns: z.array(
    z.union([z.object({ center: z.number(), scale: z.number().positive() }), z.object({ seen: z.array(z.boolean()) }), z.null()]),
  ),
  spread: z.number().positive(),
})

/** Numbers this far out count as this far: one absurd value must not drown the others. */
const farthest = 20
const familiarShare = 0.999
/** What fewer rows know says nothing. */
const fewestKnown = 20

/** @param vectors rows × columns.length, NaN where unknown */
export function fitFamiliarity(vectors: Float32Array, columns: readonly InputColumn[]): Familiarity {
  const width = columns.length
  const fitted = columns.map(({ kind, size = 0 }, column) => {
    const values = Float64Array.from({ length: vectors.length / width }, (_, row) => vectors[row * width + column] as number)
    return kind === 'category' ? familiarCategory(values, size) : familiarNumber(values)
  })
  const spreads = noveltyOf({ columns: fitted, spread: 1 }, vectors).sort()
  return { columns: fitted, spread: quantileOfSorted(spreads, familiarShare) || 1 }
}

function familiarNumber(values: Float64Array): FamiliarNumber | null {
  const sorted = values.filter(Number.isFinite).sort()
  const at = (share: number): number => quantileOfSorted(sorted, share)
  if (sorted.length < fewestKnown || at(0.001) === at(0.999)) return null
  // A normal distribution's standard deviation from its 10% and 90% quantiles; from the extremes where those are equal.
  const scale = (at(0.9) - at(0.1)) / 2.563
  return { center: at(0.5), scale: scale > 1e-6 ? scale : (at(0.999) - at(0.001)) / 4 }
}

function familiarCategory(values: Float64Array, size: number): FamiliarCategory {
  const seen = Array.from({ length: size }, () => false)
  for (const code of values) if (seen[code] === false) seen[code] = true
  return { seen }
}

/** Whether training rows differed in a column: of any other, a model has learnt nothing. */
export const hasVaried = (column: Familiarity['columns'][number]): boolean =>
  column !== null && ('center' in column || column.seen.filter(Boolean).length > 1)

/**
 * How unlike the training rows each vector is: the root mean square of its scaled numbers, where 1 is what 0.1% of the training rows
 * exceed, plus 1 for each category value that training never saw.
 */
export function noveltyOf({ columns, spread }: Familiarity, vectors: Float32Array): Float64Array {
  const numbers = columns.reduce((count, column) => count + (column !== null && 'center' in column ? 1 : 0), 0)
  const novelty = new Float64Array(vectors.length / columns.length)
  for (let row = 0, at = 0; row < novelty.length; row++) {
    let squares = 0
    let unseen = 0
    for (let index = 0; index < columns.length; index++) {
      const column = columns[index] as Familiarity['columns'][number]
      const value = vectors[at++] as number
      if (column === null) continue
      if ('seen' in column) unseen += column.seen[value] === true ? 0 : 1
      else if (Number.isFinite(value)) {
        const scaled = (value - column.center) / column.scale
        squares += Math.min(farthest * farthest, scaled * scaled)
      }
    }
    novelty[row] = Math.sqrt(squares / Math.max(1, numbers)) / spread + unseen
  }
  return novelty
}
