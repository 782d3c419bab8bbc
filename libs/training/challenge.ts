import { minuteMillis } from '#lib/clock/durations.ts'
import type { FeatureSet } from '#lib/features/feature-set.ts'
import type { ItemModel } from '#lib/market/item-model.ts'
import { type QuantileErrors, quantileErrors } from '#lib/model/evaluation.ts'
import type { PriceModel } from '#lib/model/price-model.ts'
import { quantileCount } from '#lib/model/quantile-head.ts'
import { percent } from '#lib/words/format.ts'
import type { MarketEvent } from '#schemas/types.ts'
import { type Block, examplesOf } from './blocks.ts'
import { buildDataset, type Dataset } from './dataset.ts'
import type { TrainingSales } from './sales/training-sales.ts'

/** What a model said of sales that it had not learnt from, row by row. */
export type Judged = Readonly<{
  times: Float64Array
  tokenIds: readonly string[]
  logPrices: Float64Array
  /** rows × 5, dollars */
  quantilesUsd: Float64Array
}>

/** The model in force, ready to be asked. */
export type Champion = Readonly<{ model: PriceModel; itemModel: ItemModel | null; featureSet: FeatureSet; trainedUntil: number }>

/** Both models on the same sales, which neither had seen. */
export type Comparison = Readonly<{ rows: number; champion: QuantileErrors | null; challenger: QuantileErrors | null }>

/** As in training: sales this soon after what a model learnt from answer to the same minutes of the market. */
const embargoMillis = 10 * minuteMillis

/**
 * The newest sales once more, folded under the champion's own item model: both models are asked about those that came after everything
 * the champion learnt from. The challenger is judged as it was before it was fitted once more on them, so what is promoted is rather better.
 */
export function compareWithChampion({ events, historyOnly }: TrainingSales, challenger: Judged, champion: Champion): Comparison {
  const from = Math.max(challenger.times[0] ?? Number.POSITIVE_INFINITY, champion.trainedUntil + embargoMillis)
  const theirs = askChampion(events, historyOnly, champion, from)
  const rowOf = new Map(theirs.tokenIds.map((tokenId, row) => [`${tokenId} ${theirs.times[row]}`, row]))
  const pairs = challenger.tokenIds.flatMap((tokenId, ours) => {
    const row = rowOf.get(`${tokenId} ${challenger.times[ours]}`)
    return row === undefined ? [] : [{ ours, theirs: row }]
  })
  const errorsOf = (judged: Judged, rows: readonly number[]) => (rows.length === 0 ? null : errorsOn(judged, rows))
  const [ourRows, theirRows] = [pairs.map(({ ours }) => ours), pairs.map(({ theirs }) => theirs)]
  return { rows: pairs.length, champion: errorsOf(theirs, theirRows), challenger: errorsOf(challenger, ourRows) }
}

function errorsOn({ logPrices, quantilesUsd }: Judged, rows: readonly number[]): QuantileErrors {
  const quantiles = rows.flatMap((row) => [...quantilesUsd.subarray(row * quantileCount, (row + 1) * quantileCount)])
  const prices = Float64Array.from(rows, (row) => logPrices[row] as number)
  return quantileErrors(Float64Array.from(quantiles), prices)
}

function askChampion(
  events: readonly MarketEvent[],
  historyOnly: ReadonlySet<string>,
  { model, itemModel, featureSet }: Champion,
  from: number,
): Judged {
  const isExample = ({ eventId }: MarketEvent): boolean => !historyOnly.has(eventId)
  const dataset = buildDataset(events, featureSet, { itemModel, isExample, examplesFrom: from })
  return judgeBlock(model, dataset, { from: 0, until: dataset.times.length })
}

export function judgeBlock(model: PriceModel, { examples, times, tokenIds }: Dataset, { from, until }: Block): Judged {
  const { vectors, levels, logPrices } = examplesOf(examples, { from, until })
  const { quantilesUsd } = model.predict(vectors, levels)
  return { times: times.subarray(from, until), tokenIds: tokenIds.slice(from, until), logPrices, quantilesUsd }
}

export type Verdict = Readonly<{ promote: boolean; why: string }>

/** The error of fewer sales says little. */
const fewestRows = 200
/** Intervals should hold 90%: one that holds less than this makes rules alert on noise. */
const leastCoverage = 0.8

/** @param maxWorsening by how much the challenger's median error may exceed the champion's, as a share of it. Newer data is worth a little. */
export function judge({ rows, champion, challenger }: Comparison, maxWorsening: number): Verdict {
  if (champion === null || challenger === null || rows < fewestRows)
    return { promote: false, why: `only ${rows} sales came after those that the champion learnt from: ${fewestRows} are needed to compare` }
  const [ours, theirs] = [challenger.medianApe, champion.medianApe]
  const both = `median error ${percent(ours, 1)} beside the champion's ${percent(theirs, 1)} on ${rows} sales that neither had seen`
  if (!(ours <= theirs * (1 + maxWorsening))) return { promote: false, why: `${both}: more than ${percent(maxWorsening, 1)} worse` }
  const { coverage90 } = challenger
  if (!(coverage90 >= leastCoverage))
    return {
      promote: false,
      why: `its 90% interval holds ${percent(coverage90, 1)} of prices: ${percent(leastCoverage, 1)} at least are wanted`,
    }
  return { promote: true, why: both }
}
