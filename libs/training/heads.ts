import { marketFeeRatio } from '#lib/market/fee.ts'
import type { Training } from '#lib/model/bundle/trained-model.ts'
import { noveltyOf } from '#lib/model/calibration/familiarity.ts'
import { fitDemandHead, logPaceOf } from '#lib/model/heads/demand-head.ts'
import { type ExitExamples, fitExitHead, type Wanted } from '#lib/model/heads/exit-head.ts'
import { headColumns, headInputs } from '#lib/model/heads/head-inputs.ts'
import type { Heads } from '#lib/model/heads/heads.ts'
import { medianIndex, quantileCount } from '#lib/model/quantile-head.ts'
import { defaultRules } from '#lib/rules/presets.ts'
import type { Blocks } from './blocks.ts'
import type { Dataset } from './dataset.ts'
import { demandOutcomes, exitMillis, exitsOf, type SalesInTime, salesOf } from './outcomes.ts'

export type HeadTraining = Readonly<{
  dataset: Dataset
  /** Rows beyond the last block are not looked at. */
  blocks: Blocks
  trained: Pick<Training, 'model' | 'forward'>
  seed: number
}>

const noHeads: Heads = { exit: null, demand: null }
/** Bargains with a known exit: of fewer the head would learn noise, and the forecast stands for it. */
const fewestPurchases = 400
/** Prices that demand is learnt at, as shares of the forecast's median: one a row, in turn. */
const askedShares = [1, 0.8, 1.25]

/**
 * Heads learn from what was forecast of sales before they were learnt from, and from what came after those sales, as far as it was known when
 * training ends. Every sale is taken as a purchase at its price: an assumption, for a bargain that deep nearly always sells.
 */
export async function trainHeads({ dataset, blocks, trained, seed }: HeadTraining): Promise<Heads> {
  const rows = forecastRows(blocks, trained)
  if (rows === null) return noHeads
  const known = createRows(dataset, rows, trained)
  const sales = salesOf(dataset, blocks.newest.until)
  return { exit: await trainExit(sales, known, seed), demand: await trainDemand(sales, known, seed) }
}

type ForecastRow = Readonly<{ row: number; quantiles: Float64Array }>

/** Quantiles of log price less level, in the order of time. */
function forecastRows({ fit, stopping, newest }: Blocks, { forward }: HeadTraining['trained']): ForecastRow[] | null {
  if (forward === null) return null
  const first = fit.from + forward.from
  const part = (from: number, count: number, quantiles: Float64Array, offset: number): ForecastRow[] =>
    Array.from({ length: count }, (_, index) => ({
      row: from + index,
      quantiles: quantiles.subarray((offset + index) * quantileCount, (offset + index + 1) * quantileCount),
    }))
  const stoppingRows = stopping.until - stopping.from
  return [
    ...part(first, fit.until - first, forward.fit, 0),
    ...part(stopping.from, stoppingRows, forward.newer, 0),
    ...part(newest.from, newest.until - newest.from, forward.newer, stoppingRows),
  ]
}

/** Rows of the dataset as the heads read them. */
type KnownRows = Readonly<{ rows: readonly number[]; inputs: Float32Array; quantilesUsd: Float64Array; dataset: Dataset }>

function createRows(dataset: Dataset, forecasts: readonly ForecastRow[], { model }: HeadTraining['trained']): KnownRows {
  const { columnNames, familiarity } = model
  const width = columnNames.length
  const rows = forecasts.map(({ row }) => row)
  const vectors = new Float32Array(rows.length * width)
  const quantilesUsd = new Float64Array(rows.length * quantileCount)
  const levels = Float64Array.from(rows, (row) => dataset.examples.levels[row] as number)
  forecasts.forEach(({ row, quantiles }, index) => {
    vectors.set(dataset.examples.vectors.subarray(row * width, (row + 1) * width), index * width)
    quantiles.forEach((quantile, level) => {
      quantilesUsd[index * quantileCount + level] = Math.exp(quantile + (levels[index] as number))
    })
  })
  const novelty = noveltyOf(familiarity, vectors)
  const inputs = headInputs({ columnNames, vectors, levels, forecasts: { quantilesUsd, novelty } })
  return { rows, inputs, quantilesUsd, dataset }
}

const medianOf = ({ quantilesUsd }: KnownRows, index: number): number => quantilesUsd[index * quantileCount + medianIndex] as number

/** Whether the default rule, reading the exit, would want the listing: its guards and second check apart. */
export const wantedByDefault: Wanted = (exitUsd, askUsd) => {
  const [rule] = defaultRules.rules
  if (rule?.forecast.kind !== 'margin_after_fee') throw new Error('the default rule is expected to ask for a margin after the fee')
  const worth = exitUsd * (1 - marketFeeRatio)
  return worth >= askUsd * rule.forecast.minimumRatio && worth - askUsd >= rule.forecast.minimumGainUsd
}

async function trainExit(sales: SalesInTime, known: KnownRows, seed: number) {
  const exits = exitsOf(sales)
  const end = sales.times.at(-1) ?? Number.NEGATIVE_INFINITY
  const bought = Array.from(known.rows.keys()).filter((index) => {
    const row = known.rows[index] as number
    // What is known of younger purchases is what sold fast, and that is the best of them.
    const isOver = (sales.times[row] as number) + exitMillis <= end
    return isOver && !Number.isNaN(exits.logPrices[row] as number) && Math.exp(sales.logPrices[row] as number) <= medianOf(known, index)
  })
  if (bought.length < fewestPurchases) return null
  return fitExitHead(purchasesOf(known, bought, exits.logPrices), wantedByDefault, seed)
}

function purchasesOf({ rows, inputs, quantilesUsd, dataset }: KnownRows, indexes: readonly number[], exits: Float64Array): ExitExamples {
  const width = headColumns.length
  const pick = <Numbers extends Float32Array | Float64Array>(from: Numbers, into: Numbers, size: number): Numbers => {
    indexes.forEach((index, place) => {
      into.set(from.subarray(index * size, (index + 1) * size), place * size)
    })
    return into
  }
  return {
    inputs: pick(inputs, new Float32Array(indexes.length * width), width),
    quantilesUsd: pick(quantilesUsd, new Float64Array(indexes.length * quantileCount), quantileCount),
    asksUsd: Float64Array.from(indexes, (index) => Math.exp(dataset.examples.logPrices[rows[index] as number] as number)),
    exitsUsd: Float64Array.from(indexes, (index) => Math.exp(exits[rows[index] as number] as number)),
  }
}

function trainDemand(sales: SalesInTime, known: KnownRows, seed: number) {
  const { rows, inputs, dataset } = known
  const logRatios = Float64Array.from(rows, (_, index) => Math.log(askedShares[index % askedShares.length] as number))
  const asked = logRatios.map((ratio, index) => ratio + Math.log(medianOf(known, index)))
  const logPaces = asked.map((log, index) => logPaceOf(dataset.alike[rows[index] as number] ?? null, Math.exp(log)))
  return fitDemandHead({ inputs, logRatios, logPaces, ...demandOutcomes(sales, rows, asked) }, seed)
}
