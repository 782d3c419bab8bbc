import type { FeatureSet } from '#lib/features/feature-set.ts'
import type { PointErrors, QuantileErrors } from '#lib/model/evaluation.ts'
import type { Examples, PriceModel } from '#lib/model/price-model.ts'

/** Sales that a model has not seen, and the model itself, to be asked of them. */
export type Unseen = Readonly<{
  featureSet: FeatureSet
  examples: Examples
  /** When each was sold, milliseconds, ascending. */
  times: Float64Array
  /** Open as long as the page is being made. */
  model: PriceModel
}>

/** With what the model says of them: rows × 5, dollars. */
export type Forecast = Unseen & Readonly<{ quantilesUsd: Float64Array }>

export const forecast = (unseen: Unseen): Forecast => {
  const { vectors, levels } = unseen.examples
  return { ...unseen, quantilesUsd: unseen.model.predict(vectors, levels).quantilesUsd }
}

/** A line of the table of models: those that say no more than a price have no intervals. */
export type Contender = Readonly<{ name: string; errors: PointErrors & Partial<QuantileErrors> }>

export const placeOfFeature = ({ features }: FeatureSet, name: string): number => features.findIndex((feature) => feature.name === name)
