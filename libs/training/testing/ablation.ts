import { profileOf } from '#lib/axie/profile.ts'
import { axieResidualFeatures } from '#lib/features/axie-v2.ts'
import { plainItemVector } from '#lib/features/item-vector.ts'
import { payloadOf } from '#lib/market/event.ts'
import { fitHeldOut, openModel } from '#lib/model/bundle/trained-model.ts'
import { pointErrors } from '#lib/model/evaluation.ts'
import { medianIndex, quantileCount } from '#lib/model/quantile-head.ts'
import { examplesOf, splitBlocks } from '#lib/training/blocks.ts'
import { fitItemModel, foldUnder, type Recipe, recipeOf, taskOf } from '#lib/training/recipe.ts'
import type { TrainingSettings } from '#lib/training/training-settings.ts'
import type { MarketEvent } from '#schemas/types.ts'

/** The same models on the feature set and the item vector of before attributes were known. */
export function withoutAttributes(settings: TrainingSettings): Recipe {
  const recipe = recipeOf(settings)
  return {
    ...recipe,
    featureSet: axieResidualFeatures,
    itemModel: recipe.itemModel === null ? null : { ...recipe.itemModel, vector: plainItemVector },
  }
}

export type HeldOutForecasts = Readonly<{ tokenIds: readonly string[]; quantilesUsd: Float64Array; logPrices: Float64Array }>

/** What a model of this recipe says of the newest of these sales, which it has not learnt from. Start the tfjs runtime first. */
export async function forecastNewest(events: readonly MarketEvent[], recipe: Recipe, seed: number): Promise<HeldOutForecasts> {
  const dataset = foldUnder(events, recipe, await fitItemModel(events, recipe, seed), { learnt: events })
  const { fit, stopping, newest } = splitBlocks(dataset.times)
  const [learnt, stop, asked] = [fit, stopping, newest].map((block) => examplesOf(dataset.examples, block)) as [
    ReturnType<typeof examplesOf>,
    ReturnType<typeof examplesOf>,
    ReturnType<typeof examplesOf>,
  ]
  const { model } = await fitHeldOut(recipe.family, { fit: learnt, stopping: stop }, { ...taskOf(recipe), seed })
  const { predict, dispose } = openModel(model)
  const { quantilesUsd } = predict(asked.vectors, asked.levels)
  dispose()
  return { tokenIds: dataset.tokenIds.slice(newest.from, newest.until), quantilesUsd, logPrices: asked.logPrices }
}

/** Median errors by what sets axies apart; `plain` where nothing does. An axie may be of several kinds. */
export function errorsByKind(events: readonly MarketEvent[], { tokenIds, quantilesUsd, logPrices }: HeldOutForecasts) {
  const kinds = new Map(events.map((event) => kindsOfSale(event)))
  const rowsOf = (kind: string): number[] => [...tokenIds.keys()].filter((row) => kinds.get(tokenIds[row] as string)?.includes(kind))
  const errorOf = (kind: string) => {
    const rows = rowsOf(kind)
    const medians = rows.map((row) => Math.log(quantilesUsd[row * quantileCount + medianIndex] as number))
    const prices = rows.map((row) => logPrices[row] as number)
    return { n: rows.length, medianApe: pointErrors(medians, prices).medianApe }
  }
  return { plain: errorOf('plain'), titled: errorOf('titled'), levelled: errorOf('levelled'), evolved: errorOf('evolved') }
}

function kindsOfSale(event: MarketEvent): [tokenId: string, kinds: string[]] {
  const { kind, value } = payloadOf(event)
  if (kind !== 'Sale') throw new Error(`expected sales, found ${kind}`)
  const { attributes } = profileOf(value.item)
  const holds = {
    titled: (attributes?.title ?? '') !== '',
    levelled: (attributes?.level ?? 1) > 1,
    evolved: (attributes?.evolvedParts ?? 0) > 0,
  }
  const kinds = Object.entries(holds).flatMap(([name, isSo]) => (isSo ? [name] : []))
  return [value.item.tokenId, kinds.length === 0 && (attributes?.nightmareParts ?? 0) === 0 ? ['plain'] : kinds]
}
