import { fitHeldOut, openModel, type TrainedModel, type TrainingBlocks } from '#lib/model/bundle/trained-model.ts'
import { type QuantileErrors, quantileErrors } from '#lib/model/evaluation.ts'
import type { ModelFamily } from '#lib/model/model-family.ts'
import { createDenseFamily } from '#lib/model/network/dense-family.ts'
import { createNeighboursFamily } from '#lib/model/simple/neighbours-family.ts'
import { createRidgeFamily } from '#lib/model/simple/ridge-family.ts'
import { createDecisionTreeFamily, createTreeFamily } from '#lib/model/trees/tree-family.ts'
import type { TrainingProgress } from './progress.ts'
import { type Recipe, taskOf } from './recipe.ts'
import type { TrainingSettings } from './training-settings.ts'

/** The kinds of models that the one which is trained has to be better than, by the names that people read. */
export const rivalFamilies = ({ trees, network }: TrainingSettings): readonly Readonly<{ name: string; family: ModelFamily }>[] => [
  { name: 'trees', family: createTreeFamily(trees) },
  { name: 'network', family: createDenseFamily(network) },
  { name: 'ridge', family: createRidgeFamily() },
  { name: 'decision tree', family: createDecisionTreeFamily() },
  { name: 'nearest neighbours', family: createNeighboursFamily() },
]

export type JudgedRival = Readonly<{ name: string; errors: QuantileErrors }>

/**
 * All other kinds on the same features and blocks, each asked about the newest sales, which it has not seen either. The members of a
 * stack are there already; the others are fitted for this, which takes a minute or two.
 */
export async function judgeRivals(
  { recipe, settings, seed, members, onProgress }: RivalOptions,
  { fit, stopping, newest }: TrainingBlocks,
): Promise<JudgedRival[]> {
  const rivals = rivalFamilies(settings).filter(({ family }) => family.kind !== recipe.family.kind)
  const judged: JudgedRival[] = []
  for (const { name, family } of rivals) {
    const member = members.find(({ kind }) => kind === family.kind)
    const { model } = member === undefined ? await fitHeldOut(family, { fit, stopping }, { ...taskOf(recipe), seed }) : { model: member }
    const { predict, dispose } = openModel(model)
    judged.push({ name, errors: quantileErrors(predict(newest.vectors, newest.levels).quantilesUsd, newest.logPrices) })
    if (member === undefined) dispose()
    onProgress({ stage: 'rivals', done: judged.length, total: rivals.length })
  }
  return judged
}

type RivalOptions = Readonly<{
  recipe: Recipe
  settings: TrainingSettings
  seed: number
  members: readonly TrainedModel[]
  onProgress: (progress: TrainingProgress) => void
}>
