import type { TreeSettings } from '#lib/model/gbdt/fit-trees.ts'
import { createTreeFamily } from '#lib/model/tree-family.ts'

type Trees = Omit<TreeSettings, 'seed' | 'objective'>

/** What `--settings FILE` is laid over. The seed is no setting of one model: `--seed` gives it to all. */
export const defaultTrainingSettings: Readonly<{ trees: Trees }> = { trees: createTreeFamily().settings as Trees }

export type TrainingSettings = typeof defaultTrainingSettings
