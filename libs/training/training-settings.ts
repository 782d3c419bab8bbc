import { defaultItemEffectSettings, type ItemEffectSettings } from '#lib/model/item/item-effects.ts'
import { createDenseFamily } from '#lib/model/network/dense-family.ts'
import type { NetworkTraining } from '#lib/model/network/train-network.ts'
import type { TreeSettings } from '#lib/model/trees/fit-trees.ts'
import { createTreeFamily } from '#lib/model/trees/tree-family.ts'

type Trees = Omit<TreeSettings, 'seed' | 'objective'> & Readonly<{ tailRounds: number }>
type Network = Omit<NetworkTraining, 'seed'>

export type TrainingSettings = Readonly<{
  itemModel: ItemEffectSettings
  /** Kinds of the models whose forecasts are combined, with each other and with the simple rules. */
  members: readonly string[]
  trees: Trees
  network: Network
}>

/** What `--settings FILE` is laid over. The seed is no setting of one model: `--seed` gives it to all. */
export const defaultTrainingSettings: TrainingSettings = {
  itemModel: defaultItemEffectSettings,
  members: ['trees', 'dense'],
  trees: createTreeFamily().settings as Trees,
  network: createDenseFamily().settings as Network,
}

/** For a first start: a model in seconds, a little worse. */
export const fastTrainingSettings: TrainingSettings = {
  itemModel: {
    ...defaultItemEffectSettings,
    trees: { ...defaultItemEffectSettings.trees, rounds: 50, learningRate: 0.25, mostLeaves: 31 },
  },
  members: ['trees'],
  trees: { ...defaultTrainingSettings.trees, rounds: 100, tailRounds: 40, learningRate: 0.12, columnShare: 0.25, patience: 20 },
  network: defaultTrainingSettings.network,
}
