import { createDenseFamily } from './dense-family.ts'
import type { ModelFamily } from './model-family.ts'
import { createDecisionTreeFamily, createTreeFamily } from './tree-family.ts'

/** Every kind of model there is, with its usual settings. A new one goes here, and bundles of it can be read. */
export const modelFamilies: readonly ModelFamily[] = [createTreeFamily(), createDenseFamily(), createDecisionTreeFamily()]

export const familyOf = (kind: string): ModelFamily | undefined => modelFamilies.find((family) => family.kind === kind)
