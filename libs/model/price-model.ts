import type { AlikeSales } from '#schemas/types.ts'

/** What a model says of some rows. */
export type Forecasts = Readonly<{
  /** rows × 5, in the order of `quantileLevels`, never crossing, dollars. */
  quantilesUsd: Float64Array
  /** One per row: 0 familiar, above 1 outside what training saw. */
  novelty: Float64Array
}>

/**
 * @param vectors rows × length of the feature set's vectors, NaN where unknown
 * @param levels one per row: the reference level of the market, log dollars
 * Synchronous, and each row's forecast is the same whatever rows are beside it.
 */
export type Predict = (vectors: Float32Array, levels: Float64Array) => Forecasts

/**
 * What each number of each vector adds to the median of log price: rows × (width + 1), the last being what is forecast when nothing is
 * known. Their sum is the forecast, before calibration.
 */
export type Explain = (vectors: Float32Array) => Float64Array

/** Rows as a forecast was asked about them, and what it answered: all that a model's heads may read, but for the ask. */
export type ForecastRows = Readonly<{
  columnNames: readonly string[]
  vectors: Float32Array
  levels: Float64Array
  forecasts: Forecasts
}>

/** Listings, as a model's heads are asked about them. */
export type AskedRows = ForecastRows &
  Readonly<{
    asksUsd: Float64Array
    /** What others alike sold for lately; null where the record does not say. */
    alike: readonly (AlikeSales | null)[]
    /** The prices whose demand is asked for; left out: the forecast's medians. */
    demandUsd?: Float64Array | undefined
  }>

export type HeadAnswers = Readonly<{
  /** rows × 5, dollars: what each listing, bought at its ask, sells for next. */
  exitUsd: Float64Array | null
  /** rows × spans (heads/demand-head.ts): sales of others alike at that price or more, by the hour, until the first. */
  demandRates: Float64Array | null
}>

/** A model that can be asked. `dispose` gives back what it holds on the tfjs backend. */
export type PriceModel = Readonly<{
  /** How many numbers its vectors have. */
  vectorWidth: number
  /** What each of them is. */
  columnNames: readonly string[]
  /** Those of them that differed among the sales it learnt from. */
  learntColumns: ReadonlySet<string>
  predict: Predict
  /** What listings sell for next when bought at their ask, and the demand for their like; null for a model that says nothing of these. */
  ask: ((rows: Omit<AskedRows, 'columnNames'>) => HeadAnswers) | null
  /** Null for a model that cannot say why. */
  explain: Explain | null
  dispose(): void
}>

/** Rows with their labels. */
export type Examples = Readonly<{
  /** rows × length of a vector */
  vectors: Float32Array
  /** Reference level, log dollars. */
  levels: Float64Array
  /** Log of the dollars paid. */
  logPrices: Float64Array
}>

/** Copies, one below the other. */
export function concatExamples(parts: readonly Examples[]): Examples {
  const rows = parts.reduce((sum, { levels }) => sum + levels.length, 0)
  const vectors = new Float32Array(parts.reduce((sum, part) => sum + part.vectors.length, 0))
  const [levels, logPrices] = [new Float64Array(rows), new Float64Array(rows)]
  let [row, at] = [0, 0]
  for (const part of parts) {
    vectors.set(part.vectors, at)
    levels.set(part.levels, row)
    logPrices.set(part.logPrices, row)
    row += part.levels.length
    at += part.vectors.length
  }
  return { vectors, levels, logPrices }
}

/** Rows from `from` up to `until`, sharing memory. */
export function sliceExamples(examples: Examples, from: number, until: number): Examples {
  const width = examples.vectors.length / Math.max(1, examples.levels.length)
  return {
    vectors: examples.vectors.subarray(from * width, until * width),
    levels: examples.levels.subarray(from, until),
    logPrices: examples.logPrices.subarray(from, until),
  }
}
