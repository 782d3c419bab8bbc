import { profileOf } from '#lib/axie/profile.ts'
import { type Traits, traitsOfProfile } from '#lib/axie/similarity.ts'
import type { FeatureSet } from '#lib/features/feature-set.ts'
import { alikeKey } from '#lib/market/alike.ts'
import { payloadOf } from '#lib/market/event.ts'
import { contextFor } from '#lib/market/fold/context.ts'
import { applyEvent } from '#lib/market/fold/fold.ts'
import { initialMarketState, type MarketState } from '#lib/market/fold/market-state.ts'
import type { ItemModel } from '#lib/market/item-model.ts'
import type { Examples } from '#lib/model/price-model.ts'
import type { AlikeSales, MarketEvent, Sale } from '#schemas/types.ts'

/** Training examples in the order of time: the market just before each sale, and what was paid. */
export type Dataset = Readonly<{
  examples: Examples
  /** When each example was sold or, where that is later, what was known before it; milliseconds, ascending. */
  times: Float64Array
  /** Which axie each example is of. */
  tokenIds: readonly string[]
  /** Equal for axies that are alike (libs/market/alike.ts): what each can be sold for next is looked up by it. */
  alikeKeys: Float64Array
  breedCounts: Uint8Array
  /** What others alike had sold for before each. */
  alike: readonly (AlikeSales | null)[]
  /** Sales that are history only: the first ones, which have little past to be compared with, and those without a level. */
  historyOnly: number
}>

/** The first sales teach the features, not the model: this share of them, and no more than this many. */
const warmUp = { share: 0.05, maxSales: 2_000 }

export type DatasetOptions = Readonly<{
  /** By which the fold reads sales from the first one on; null of a feature set that does without. */
  itemModel: ItemModel | null
  /** Sales before it are history only, milliseconds. */
  examplesFrom?: number
  /** False of a sale that is history and no example. */
  isExample?: (event: MarketEvent) => boolean
  onProgress?: (done: number, total: number) => void
}>
const progressEvery = 1_000

/**
 * Folds sales with the very code of the enricher and takes, for each, the vector that a listing would have had at that moment. Sales that
 * were known in the same second do not see each other: most are of one transaction or of one look at the market.
 * @param events in the order in which they were known; whatever is not a sale is folded and is no example
 * @param isExample of a sale: false where cleansing leaves it to history
 */
export function buildDataset(
  events: readonly MarketEvent[],
  featureSet: FeatureSet,
  { itemModel, examplesFrom = Number.NEGATIVE_INFINITY, isExample = () => true, onProgress = () => {} }: DatasetOptions,
): Dataset {
  const width = featureSet.features.length
  const state = stateUnder(itemModel)
  const most = events.flatMap(saleIn).length
  const vectors = new Float32Array(most * width)
  const levels = new Float64Array(most)
  const logPrices = new Float64Array(most)
  const times = new Float64Array(most)
  const tokenIds: string[] = []
  const alikeKeys = new Float64Array(most)
  const breedCounts = new Uint8Array(most)
  const alike: (AlikeSales | null)[] = []
  const warmUpSales = Math.min(warmUp.maxSales, Math.ceil(most * warmUp.share))
  let [rows, sales] = [0, 0]
  for (const second of bySecond(events)) {
    for (const { sale, event } of second.flatMap(saleIn)) {
      sales++
      const isLearnt = sale.soldAt >= examplesFrom && isExample(event)
      const example = sales > warmUpSales && isLearnt ? writeExample(state, sale, featureSet, vectors, rows * width) : null
      if (example === null || sale.priceUsd === null) continue
      const { level, traits } = example
      levels[rows] = level
      logPrices[rows] = Math.log(Number(sale.priceUsd))
      times[rows] = Math.max(sale.soldAt, state.clock, times[rows - 1] ?? 0)
      tokenIds.push(sale.item.tokenId)
      alike.push(example.alike)
      alikeKeys[rows] = alikeKey(traits)
      breedCounts[rows] = traits[1]
      rows++
    }
    for (const event of second) applyEvent(state, event)
    if (Math.floor(sales / progressEvery) > Math.floor((sales - second.length) / progressEvery)) onProgress(sales, most)
  }
  return {
    examples: {
      vectors: vectors.subarray(0, rows * width),
      levels: levels.subarray(0, rows),
      logPrices: logPrices.subarray(0, rows),
    },
    times: times.subarray(0, rows),
    tokenIds,
    alikeKeys: alikeKeys.subarray(0, rows),
    breedCounts: breedCounts.subarray(0, rows),
    alike,
    historyOnly: sales - rows,
  }
}

/** The state of a market that has been under this item model ever since. */
function stateUnder(itemModel: ItemModel | null): MarketState {
  const model = { modelId: 'in training', featureSetHash: null }
  return initialMarketState({ ...model, rulesHash: null }, { get: () => itemModel })
}

function* bySecond(events: readonly MarketEvent[]): Generator<readonly MarketEvent[]> {
  const secondOf = (event: MarketEvent | undefined): number => Math.floor((event?.observedAt ?? Number.NaN) / 1_000)
  for (let from = 0, to = 0; from < events.length; from = to) {
    while (to < events.length && secondOf(events[to]) === secondOf(events[from])) to++
    yield events.slice(from, to)
  }
}

function saleIn(event: MarketEvent): { sale: Sale; event: MarketEvent }[] {
  const { kind, value } = payloadOf(event)
  return kind === 'Sale' && value.item.parts.length > 0 ? [{ sale: value, event }] : []
}

/** What else an example is made of. */
type Written = Readonly<{ level: number; traits: Traits; alike: AlikeSales | null }>

/** Null (and nothing is written) where there is no level of the market at that moment. */
function writeExample(state: MarketState, sale: Sale, featureSet: FeatureSet, vectors: Float32Array, offset: number): Written | null {
  const item = profileOf(sale.item)
  const context = contextFor(state, item, { seller: sale.seller ?? '', listingId: '', observedAt: sale.soldAt })
  const level = featureSet.levelOf(context)
  if (level === null) return null
  featureSet.write({ item, context }, vectors, offset)
  return { level, traits: traitsOfProfile(item), alike: context.alike }
}
