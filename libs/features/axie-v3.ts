/**
 * The two-stage feature set with what sets an axie apart: title, level, evolution, edition. All else is that of axie-v2; where none of it
 * is known, or it is the same for all sales, nothing is learnt from it, and forecasts are those of axie-v2.
 */
import { attributeFeatures } from './attribute-features.ts'
import { axieResidualFeatures } from './axie-v2.ts'
import { defineFeatureSet } from './feature-set.ts'

export const axieAttributeFeatures = defineFeatureSet({
  ...axieResidualFeatures,
  name: 'axie-v3',
  features: [...axieResidualFeatures.features, ...attributeFeatures],
})
