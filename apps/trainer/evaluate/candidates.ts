import { UsageError } from '#lib/app/usage-error.ts'
import { axieFeatures } from '#lib/features/axie-v1.ts'
import { createDenseFamily } from '#lib/model/dense-family.ts'
import type { ModelFamily } from '#lib/model/model-family.ts'
import { createNeighboursFamily } from '#lib/model/neighbours-family.ts'
import { createRidgeFamily } from '#lib/model/ridge-family.ts'
import { createDecisionTreeFamily, createTreeFamily } from '#lib/model/tree-family.ts'
import type { MarketEvent } from '#schemas/types.ts'
import { recipeOf } from '../recipe.ts'
import type { TrainingSettings } from '../training-settings.ts'
import type { Candidate } from './evaluate.ts'

export const championName = 'champion'

/**
 * The champion (what flipstream train makes), then its members and the other families on the same features, then trees on the feature set
 * that does without an item model.
 * @param leaderboard known from the first sale on, for one more champion; none: empty
 */
export function candidatesOf(
  settings: TrainingSettings,
  { leaderboard, wanted }: Readonly<{ leaderboard: readonly MarketEvent[]; wanted: readonly string[] | null }>,
): [Candidate, ...Candidate[]] {
  const recipe = recipeOf(settings)
  const trees = createTreeFamily(settings.trees)
  const nothing: readonly MarketEvent[] = []
  const with_ = (name: string, family: ModelFamily): Candidate => ({ name, recipe: { ...recipe, family }, known: nothing })
  const all: Candidate[] = [
    { name: championName, recipe, known: nothing },
    with_('trees', trees),
    with_('network', createDenseFamily()),
    with_('ridge', createRidgeFamily()),
    with_('decision tree', createDecisionTreeFamily()),
    with_('nearest neighbours', createNeighboursFamily()),
    ...(leaderboard.length === 0 ? [] : [{ name: `${championName} with leaderboard`, recipe, known: leaderboard }]),
    { name: 'trees without item model', recipe: { featureSet: axieFeatures, itemModel: null, family: trees }, known: nothing },
  ]
  const unknown = wanted?.filter((name) => !all.some((one) => one.name === name)) ?? []
  if (unknown.length > 0)
    throw new UsageError(`--models: no model ${unknown.join(', ')}; there are ${all.map(({ name }) => name).join(', ')}`)
  const chosen = wanted === null ? all : all.filter(({ name }) => wanted.includes(name) || name.endsWith('leaderboard'))
  if (chosen.length === 0) throw new UsageError('--models: expected at least one name')
  return chosen as [Candidate, ...Candidate[]]
}
