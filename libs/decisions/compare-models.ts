import { RejectedError } from '#lib/errors/errors.ts'
import type { ChampionsComparisons } from '#lib/learning/comparisons.ts'
import { learningSettings } from '#lib/learning/settings.ts'
import { nameOf, type Verdict, verdictOf } from '#lib/learning/verdict.ts'
import { championOf, type Models } from './read-models.ts'

/** How one model stands beside another that priced, on the same sales. Times on the market's clock. */
export type ModelsBeside = Verdict & Readonly<{ from: number; to: number; isInForce: boolean }>

/**
 * Every time that one of the two priced while the other was compared with it, oldest first. The verdict is about the one that did not price:
 * whichever was asked for first. RejectedError `never_compared`.
 */
export function compareModels(models: Models, one: string, other: string): readonly [ModelsBeside, ...ModelsBeside[]] {
  const pairs: readonly (readonly [string, string])[] = [
    [one, other],
    [other, one],
  ]
  const [first, ...rest] = models.comparisons.flatMap((compared) =>
    pairs.flatMap(([modelId, against]) => besideOf(models, compared, modelId, against)),
  )
  if (first !== undefined) return [first, ...rest]
  const known = [one, other].map((modelId) => `${modelId} was compared with ${comparedWith(models, modelId)}`)
  throw new RejectedError('never_compared', `models are compared with the one that prices; ${known.join('; ')}`)
}

/** How it stands or stood beside each model that priced meanwhile, newest last. */
export const allComparisonsOf = (models: Models, modelId: string): readonly ModelsBeside[] =>
  models.comparisons.flatMap((compared) => besideOf(models, compared, modelId, compared.champion.modelId))

function besideOf(models: Models, { champion, from, to, others }: ChampionsComparisons, modelId: string, against: string): ModelsBeside[] {
  const comparison = champion.modelId === against ? others.get(modelId) : undefined
  if (comparison === undefined) return []
  const inForce = models.promotions.at(-1)
  const isInForce = championOf(models) === against && inForce?.at === champion.since
  return [{ ...verdictOf({ modelId, against, name: nameOf(modelId) }, comparison, learningSettings), from, to, isInForce }]
}

function comparedWith({ comparisons }: Models, modelId: string): string {
  const found = comparisons.flatMap(({ champion, others }) => [
    ...(others.has(modelId) ? [champion.modelId] : []),
    ...(champion.modelId === modelId ? [...others.keys()] : []),
  ])
  return found.length === 0 ? 'none' : [...new Set(found)].join(', ')
}
