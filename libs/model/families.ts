import { createDenseFamily } from './dense-family.ts'
import type { ModelFamily } from './model-family.ts'
import { createNeighboursFamily } from './neighbours-family.ts'
import { createRidgeFamily } from './ridge-family.ts'
import { createSimilarSalesFamily } from './similar-sales-family.ts'
import { createStackFamily } from './stack-family.ts'
import { createDecisionTreeFamily, createTreeFamily } from './tree-family.ts'

const [trees, dense, ridge] = [createTreeFamily(), createDenseFamily(), createRidgeFamily()]

/** Every kind of model there is, with its usual settings. A new one goes here, and bundles of it can be read. */
export const modelFamilies: readonly ModelFamily[] = [
  trees,
  dense,
  ridge,
  createStackFamily([trees, dense, ridge]),
  createDecisionTreeFamily(),
  createNeighboursFamily(),
  createSimilarSalesFamily(),
]

export const familyOf = (kind: string): ModelFamily | undefined => modelFamilies.find((family) => family.kind === kind)
