import { UsageError } from '#lib/app/usage-error.ts'
import { axieFeatures } from '#lib/features/axie-v1.ts'
import { createTreeFamily } from '#lib/model/trees/tree-family.ts'
import { recipeOf } from '#lib/training/recipe.ts'
import { rivalFamilies } from '#lib/training/rivals.ts'
import type { TrainingSettings } from '#lib/training/training-settings.ts'
import type { MarketEvent } from '#schemas/types.ts'
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
  const nothing: readonly MarketEvent[] = []
  const all: Candidate[] = [
    { name: championName, recipe, known: nothing },
    ...rivalFamilies(settings).map(({ name, family }) => ({ name, recipe: { ...recipe, family }, known: nothing })),
    ...(leaderboard.length === 0 ? [] : [{ name: `${championName} with leaderboard`, recipe, known: leaderboard }]),
    {
      name: 'trees without item model',
      recipe: { featureSet: axieFeatures, itemModel: null, family: createTreeFamily(settings.trees) },
      known: nothing,
    },
  ]
  const unknown = wanted?.filter((name) => !all.some((one) => one.name === name)) ?? []
  if (unknown.length > 0)
    throw new UsageError(`--models: no model ${unknown.join(', ')}; there are ${all.map(({ name }) => name).join(', ')}`)
  const chosen = wanted === null ? all : all.filter(({ name }) => wanted.includes(name) || name.endsWith('leaderboard'))
  if (chosen.length === 0) throw new UsageError('--models: expected at least one name')
  return chosen as [Candidate, ...Candidate[]]
}
