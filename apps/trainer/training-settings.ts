import type { TreeSettings } from '#lib/model/gbdt/fit-trees.ts'
import { defaultItemEffectSettings, type ItemEffectSettings } from '#lib/model/item-effects.ts'
import { createTreeFamily } from '#lib/model/tree-family.ts'

type Trees = Omit<TreeSettings, 'seed' | 'objective'>

export type TrainingSettings = Readonly<{ itemModel: ItemEffectSettings; trees: Trees }>

/** For a first start: a model in seconds, a little worse. */
export const fastTrainingSettings: TrainingSettings = {
  itemModel: { ...defaultItemEffectSettings, trees: { ...defaultItemEffectSettings.trees, rounds: 60, learningRate: 0.2, mostLeaves: 31 } },
  trees: { ...(createTreeFamily().settings as Trees), rounds: 120, learningRate: 0.1, patience: 20 },
}

/** What `--settings FILE` is laid over. The seed is no setting of one model: `--seed` gives it to all. */
export const defaultTrainingSettings: TrainingSettings = {
  itemModel: defaultItemEffectSettings,
  trees: createTreeFamily().settings as Trees,
}
