import type { ModelFamily } from '#lib/model/model-family.ts'
import { createDenseFamily } from '#lib/model/network/dense-family.ts'
import { createNeighboursFamily } from '#lib/model/simple/neighbours-family.ts'
import { createRidgeFamily } from '#lib/model/simple/ridge-family.ts'
import { createSimilarSalesFamily } from '#lib/model/simple/similar-sales-family.ts'
import { createStackFamily } from '#lib/model/stack/stack-family.ts'
import { createDecisionTreeFamily, createTreeFamily } from '#lib/model/trees/tree-family.ts'

const [trees, dense, ridge, similar] = [createTreeFamily(), createDenseFamily(), createRidgeFamily(), createSimilarSalesFamily()]

/** Every kind of model there is, with its usual settings. A new one goes here, and bundles of it can be read. */
export const modelFamilies: readonly ModelFamily[] = [
  trees,
  dense,
  ridge,
  createStackFamily([trees, dense, ridge, similar]),
  createDecisionTreeFamily(),
  createNeighboursFamily(),
  similar,
]

export const familyOf = (kind: string): ModelFamily | undefined => modelFamilies.find((family) => family.kind === kind)
