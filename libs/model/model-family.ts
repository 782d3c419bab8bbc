import type { InputColumn } from './input-encoding.ts'
import type { Examples, Explain } from './price-model.ts'

/**
 * A kind of model. To add one, write a file that makes such an object, and name it in families.ts: training, calibration, bundles,
 * scoring and evaluation then know it.
 */
export type ModelFamily = Readonly<{
  /** Stands in the bundle and in front of the model's id. */
  kind: string
  /** How it is fitted, for the record that a bundle keeps. */
  settings: Readonly<Record<string, unknown>>
  /** Reproducible: the same task gives the same bytes. */
  fit(task: TrainingTask): Promise<FittedModel>
  /** Throws a plain Error that says what does not fit; the bundle's reader adds which bundle. */
  restore(stored: StoredModel): Forecaster
}>

export type TrainingTask = Readonly<{
  /** What the numbers of a vector are. */
  columns: readonly InputColumn[]
  /** Name of the relative column that says most by itself: the pooled price of look-alikes. */
  anchor: string
  fit: Examples
  /** Newer than `fit`: decides when to stop, and how wide forecasts are where the model itself cannot tell. */
  stopping: Examples
  seed: number
  onProgress?: ((done: number, most: number) => void) | undefined
}>

export type FittedModel = Readonly<{
  forecaster: Forecaster
  learning: Learning | null
  /**
   * Fits once more, on more rows and without stopping rows, with as many steps as were best. Absent of a model for which that is no gain.
   */
  refit?: ((examples: Examples) => Promise<Forecaster>) | undefined
  /** What it said of the newest of its `fit` rows before it had learnt from them, where it had to ask itself that anyhow. */
  forward?: ForwardForecasts | undefined
  /** What a stack is made of, so that each can be asked, too; its forecaster disposes of them. */
  members?: readonly Readonly<{ kind: string; forecaster: Forecaster }>[]
}>

/** Forecasts of rows by a model that had learnt from earlier ones only: of all rows from `from` on, rows × 5, as `Forecaster.forecast`. */
export type ForwardForecasts = Readonly<{ from: number; quantiles: Float64Array }>

/** How a model that learns step by step came to its best. */
export type Learning = Readonly<{
  /** One step: a tree, a pass over the rows. */
  step: string
  /** Steps that were kept, of those whose loss on the stopping rows stands in `losses`. */
  kept: number
  losses: readonly number[]
}>

/** A fitted model that can be asked, before calibration. */
export type Forecaster = Readonly<{
  vectorWidth: number
  /**
   * Quantiles of log price less the market's level: rows × 5, in the order of `quantileLevels`, never crossing. A row's forecast does not
   * depend on the rows beside it.
   */
  forecast(vectors: Float32Array): Float64Array
  /** Null for a model that cannot say why. */
  explain: Explain | null
  store(): StoredModel
  /** Gives back what it holds on the tfjs backend. */
  dispose(): void
}>

/** As a bundle holds it: the large part as bytes, all else as JSON. */
export type StoredModel = Readonly<{ definition: unknown; weights: Buffer }>

/** What models learn: log price less the market's level. */
export const targetsOf = ({ logPrices, levels }: Examples): Float64Array => logPrices.map((price, row) => price - (levels[row] as number))
