import { z } from 'zod'

/**
 * How a feature vector becomes the network's input. Everything here is fitted on training rows only and stored in the bundle:
 * - a number: less its median, divided by its robust spread, cut at ±4; unknown is 0 (the median), with a flag beside it
 * - a relative price: its difference from the anchor (the pooled price of look-alikes), so that unknown means "as the anchor says"
 * - a category: one column per value seen often enough, one for all others
 */
export type InputColumn = Readonly<{
  name: string
  kind: 'number' | 'relative' | 'category'
  /** For a category, whose codes are 0 … size - 1; anything else in the vector means unknown. */
  size?: number
}>

type NumberEncoding = Readonly<{
  /** Position in the vector. */
  from: number
  /** Position among the inputs. */
  to: number
  center: number
  scale: number
  /** Position of the flag for "unknown", or -1 where training rows always know it. */
  flag: number
  /** Encoded as the difference from the anchor. */
  relative: boolean
}>

type CategoryEncoding = Readonly<{
  from: number
  /** For each code the input that is 1: -1 for a code never seen in training, which is encoded as `rare`. */
  inputs: readonly number[]
  rare: number
}>

export type InputEncoding = Readonly<{
  /** Length of a vector. */
  vectorWidth: number
  /** Length of an encoded row. */
  inputWidth: number
  /** Position of the anchor in the vector. */
  anchor: number
  numbers: readonly NumberEncoding[]
  categories: readonly CategoryEncoding[]
}>

const count = z.number().int().nonnegative()

export const inputEncodingSchema = z.object({
  vectorWidth: count,
  inputWidth: count,
  anchor: count,
  numbers: z.array(
    z.object({ from: count, to: count, center: z.number(), scale: z.number(), flag: z.number().int(), relative: z.boolean() }),
  ),
  categories: z.array(z.object({ from: count, inputs: z.array(z.number().int()), rare: count })),
})

/** Encoded rows, and what else the model needs to know of each vector. */
export type EncodedRows = Readonly<{
  /** rows × inputWidth */
  inputs: Float32Array
  /** The anchor's value, 0 where it is unknown: the forecast starts from here. Log price less reference level. */
  anchors: Float64Array
}>

const clip = 4
/** What was seen less often than this, a value of a category or a column's values at all, is too little to learn from. */
const rareBelow = 20
/** Flags that are set this seldom teach nothing. */
const flagFrom = 0.005

/**
 * @param vectors rows × columns.length, NaN where unknown
 * @param anchor name of the relative column that forecasts start from
 */
export function fitInputEncoding(vectors: Float32Array, columns: readonly InputColumn[], anchor: string): InputEncoding {
  const vectorWidth = columns.length
  const anchorIndex = columns.findIndex(({ name }) => name === anchor)
  if (anchorIndex < 0) throw new Error(`the anchor ${anchor} is not among the ${vectorWidth} columns`)
  const numbers: NumberEncoding[] = []
  const categories: CategoryEncoding[] = []
  let inputWidth = 0
  columns.forEach((column, from) => {
    if (column.kind === 'category') {
      const category = fitCategory(vectors, vectorWidth, from, column.size ?? 0, inputWidth)
      if (category === null) return
      categories.push(category)
      inputWidth = category.rare + 1
      return
    }
    const relative = column.kind === 'relative' && from !== anchorIndex
    const number = fitNumber(vectors, vectorWidth, from, relative ? anchorIndex : null, inputWidth)
    if (number === null) return
    numbers.push(number)
    inputWidth = Math.max(number.to, number.flag) + 1
  })
  return { vectorWidth, inputWidth, anchor: anchorIndex, numbers, categories }
}

/**
 * Null for a column that training rows (almost) never know, or that is the same in (almost) all of them: nothing can be learnt from it,
 * so it is no input, whatever it may say later.
 */
function fitNumber(vectors: Float32Array, width: number, from: number, anchor: number | null, to: number): NumberEncoding | null {
  const rows = vectors.length / width
  const known: number[] = []
  for (let at = 0; at < vectors.length; at += width) {
    const value = (vectors[at + from] as number) - (anchor === null ? 0 : zeroIfUnknown(vectors[at + anchor] as number))
    if (Number.isFinite(value)) known.push(value)
  }
  const sorted = Float64Array.from(known).sort()
  if (sorted.length < rareBelow || quantileOfSorted(sorted, 0.001) === quantileOfSorted(sorted, 0.999)) return null
  const center = anchor === null ? quantileOfSorted(sorted, 0.5) : 0
  const flag = 1 - sorted.length / rows >= flagFrom ? to + 1 : -1
  return { from, to, center, scale: robustSpread(sorted), flag, relative: anchor !== null }
}

/** A normal distribution's standard deviation from its 10% and 90% quantiles; from the extremes where those are equal. */
function robustSpread(sorted: Float64Array): number {
  const spread = (quantileOfSorted(sorted, 0.9) - quantileOfSorted(sorted, 0.1)) / 2.563
  return spread > 1e-6 ? spread : (quantileOfSorted(sorted, 0.999) - quantileOfSorted(sorted, 0.001)) / clip
}

/** Null for a column that has the same code in all training rows. */
function fitCategory(vectors: Float32Array, width: number, from: number, size: number, firstInput: number): CategoryEncoding | null {
  const counts = new Int32Array(size)
  for (let at = from; at < vectors.length; at += width) {
    const code = vectors[at] as number
    if (code >= 0 && code < size) counts[code] = (counts[code] as number) + 1
  }
  if (counts.some((count) => count > 0 && count === vectors.length / width)) return null
  let next = firstInput
  const frequent = Array.from(counts, (count) => (count >= rareBelow ? next++ : -1))
  const rare = next
  return { from, rare, inputs: frequent.map((input, code) => (input >= 0 ? input : (counts[code] as number) > 0 ? rare : -1)) }
}

export const quantileOfSorted = (sorted: ArrayLike<number>, share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN

const zeroIfUnknown = (value: number): number => (Number.isFinite(value) ? value : 0)

const clamp = (value: number, limit: number): number => Math.max(-limit, Math.min(limit, value))

/** @param vectors rows × encoding.vectorWidth */
export function encodeRows(encoding: InputEncoding, vectors: Float32Array): EncodedRows {
  const { vectorWidth, inputWidth, numbers, categories } = encoding
  const rows = vectors.length / vectorWidth
  const inputs = new Float32Array(rows * inputWidth)
  const anchors = new Float64Array(rows)
  for (let row = 0; row < rows; row++) {
    const at = row * vectorWidth
    const out = row * inputWidth
    const anchor = zeroIfUnknown(vectors[at + encoding.anchor] as number)
    for (const { from, to, center, scale, flag, relative } of numbers) {
      const value = vectors[at + from] as number
      if (!Number.isFinite(value)) {
        if (flag >= 0) inputs[out + flag] = 1
        continue
      }
      inputs[out + to] = clamp(((relative ? value - anchor : value) - center) / scale, clip)
    }
    for (const { from, inputs: inputOf, rare } of categories) {
      const input = inputOf[vectors[at + from] as number] ?? -1
      inputs[out + (input < 0 ? rare : input)] = 1
    }
    anchors[row] = anchor
  }
  return { inputs, anchors }
}
