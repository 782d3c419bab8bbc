import { z } from 'zod'
import type { InputColumn } from '#lib/model/input-encoding.ts'
import type { StoredModel } from '#lib/model/model-family.ts'
import { defaultTreeSettings, fitTrees, type TreeSettings } from '#lib/model/trees/fit-trees.ts'
import { restoreTrees, storeTrees } from '#lib/model/trees/stored-trees.ts'
import { predictTrees, type TreeEnsemble } from '#lib/model/trees/tree-ensemble.ts'
import type { AlikeSales } from '#schemas/types.ts'
import { headColumns } from './head-inputs.ts'

/**
 * How soon somebody pays a price for an axie's like: the hazard of the first sale of *another* axie alike (libs/market/alike.ts) at that
 * price or more, constant within each span of time, in events per hour. Hours that nobody polled count for nothing when it is learnt, so
 * that what nobody saw is not taken for want of buyers. It is demand and not the chance of selling: relistings that failed were never seen.
 */
export type DemandHead = Readonly<{ trees: TreeEnsemble; rows: number; events: number }>

/** Spans after the listing, in hours: half open, one behind the other. */
export const demandSpans = [
  { name: 'h1', from: 0, until: 1 },
  { name: 'h6', from: 1, until: 6 },
  { name: 'h24', from: 6, until: 24 },
  { name: 'h72', from: 24, until: 72 },
] as const

const spanCount = demandSpans.length

/** What was seen after each row: how long each span was watched until the first such sale, and in which it came. */
export type DemandExamples = Readonly<{
  /** rows × headColumns.length */
  inputs: Float32Array
  /** For each row, the log of the price asked about over the forecast's median. */
  logRatios: Float64Array
  /** `logPaceOf` that price. */
  logPaces: Float64Array
  /** rows × spans, hours */
  watchedHours: Float64Array
  /** For each row, the span of the first such sale; -1 where none was seen. */
  soldIn: Int8Array
}>

/** A price, as the head is asked about it. */
export type DemandRows = Pick<DemandExamples, 'inputs' | 'logRatios' | 'logPaces'>

/** Others alike that were sold lately for a price or more, by the watched hour, as a log: half a sale more, so that none has one too. NaN where nobody looked. */
export function logPaceOf(alike: AlikeSales | null, usd: number): number {
  if (alike === null) return Number.NaN
  const sold = alike.usd.reduce((count, price) => count + (price >= usd ? 1 : 0), 0)
  return Math.log((sold + 0.5) / Math.max(1, alike.watchedHours))
}

const ownColumns: readonly InputColumn[] = ['logRatio', 'logPace', 'span'].map((name) => ({ name, kind: 'number' }))
const columns = [...headColumns, ...ownColumns]
const width = columns.length

const settings: Omit<TreeSettings, 'seed'> = {
  ...defaultTreeSettings,
  objective: { kind: 'hazard' },
  rounds: 100,
  learningRate: 0.1,
  mostLeaves: 12,
  columnShare: 0.5,
  // Counted in sales expected.
  fewestRowsInLeaf: 25,
  l2: 1,
}

/** One row for each span. */
function spread({ inputs, logRatios, logPaces }: DemandRows): Float32Array {
  const vectors = new Float32Array(logRatios.length * spanCount * width)
  logRatios.forEach((logRatio, row) => {
    const input = inputs.subarray(row * headColumns.length, (row + 1) * headColumns.length)
    for (let span = 0; span < spanCount; span++) {
      const at = (row * spanCount + span) * width
      vectors.set(input, at)
      vectors[at + headColumns.length] = logRatio
      vectors[at + headColumns.length + 1] = logPaces[row] as number
      vectors[at + headColumns.length + 2] = span
    }
  })
  return vectors
}

/** Null where too few sales were seen to learn a rate from. */
export async function fitDemandHead(examples: DemandExamples, seed: number): Promise<DemandHead | null> {
  const { logRatios, watchedHours, soldIn } = examples
  const vectors = spread(examples)
  const kept = Array.from(watchedHours.keys()).filter((index) => (watchedHours[index] as number) > 0)
  const targets = Float64Array.from(kept, (index) => (soldIn[Math.floor(index / spanCount)] === index % spanCount ? 1 : 0))
  const events = targets.reduce((sum, target) => sum + target, 0)
  if (events < fewestEvents) return null
  const rows = new Float32Array(kept.length * width)
  kept.forEach((index, row) => {
    rows.set(vectors.subarray(index * width, (index + 1) * width), row * width)
  })
  const weights = Float32Array.from(kept, (index) => watchedHours[index] as number)
  const { ensemble } = await fitTrees({ vectors: rows, targets, weights }, columns, { ...settings, seed })
  return { trees: ensemble, rows: logRatios.length, events }
}

const fewestEvents = 100

/** rows × spans: events per hour. */
export function demandRates({ trees }: DemandHead, rows: DemandRows): Float64Array {
  return predictTrees(trees, spread(rows)).map(Math.exp)
}

/**
 * The chance that the first such sale comes by the end of each span.
 * @param hours of each span that are watched; rows × spans, or the same for all rows where there are only as many as spans
 */
export function demandChances(rates: Float64Array, hours: ArrayLike<number> = fullHours): Float64Array {
  const chances = new Float64Array(rates.length)
  for (let index = 0, sum = 0; index < rates.length; index++) {
    if (index % spanCount === 0) sum = 0
    sum += (rates[index] as number) * (hours[index % hours.length] as number)
    chances[index] = -Math.expm1(-sum)
  }
  return chances
}

const fullHours = demandSpans.map(({ from, until }) => until - from)

const definitionSchema = z.object({ rows: z.number(), events: z.number(), trees: z.unknown() })

export function storeDemandHead({ trees, rows, events }: DemandHead): StoredModel {
  const { definition, weights } = storeTrees(trees)
  return { definition: { rows, events, trees: definition }, weights }
}

/** Throws a plain Error that says what does not fit. */
export function restoreDemandHead({ definition, weights }: StoredModel): DemandHead {
  const { rows, events, trees } = definitionSchema.parse(definition)
  const restored = restoreTrees({ definition: trees, weights })
  if (restored.vectorWidth !== width || restored.start.length !== 1) throw new Error('the head of demand reads other inputs')
  return { trees: restored, rows, events }
}
