import { isEgg } from '#lib/axie/anatomy.ts'
import { profileOf } from '#lib/axie/profile.ts'
import { RejectedError } from '#lib/errors/errors.ts'
import { featureSetOf } from '#lib/features/feature-sets.ts'
import { reasonOf } from '#lib/features/reasons.ts'
import { priceAskAt } from '#lib/market/ask.ts'
import { priceBids } from '#lib/market/bids.ts'
import { contextFor } from '#lib/market/fold/context.ts'
import { ratesAt } from '#lib/market/fold/fold.ts'
import type { MarketState } from '#lib/market/fold/market-state.ts'
import { suggestedAsk } from '#lib/positions/suggested-ask.ts'
import { createFeaturizerProcessor } from '#lib/stages/featurizer.ts'
import type { ModelCache } from '#lib/stages/model-cache.ts'
import { createScorerProcessor } from '#lib/stages/scorer.ts'
import type { Input, Processor } from '#lib/stream/processor.ts'
import type { Ask, Bids, EnrichedListing, Item, PricedAsk, ScoredListing, Source } from '#schemas/types.ts'

/** An axie to be priced as if it were listed now. Its ask, where it has one, is shown beside the forecast and never enters it. */
export type PriceSubject = Readonly<{ item: Item; seller: string | null; ask: Ask | null; bids: Bids | null }>

export type Priced = Readonly<{ scored: ScoredListing; ask: PricedAsk | null }>

/** The price whose demand is said: the forecast's median, or what to ask for it. */
export type DemandAt = 'median' | 'suggested ask'

export type Pricer = Readonly<{
  /** RejectedError, with the codes of enricher, featurizer and scorer, for what cannot be priced; RetryableError when the store is away. */
  price(subject: PriceSubject, demandAt?: DemandAt): Promise<Priced>
}>

export type PricerOptions = Readonly<{
  state: MarketState
  source(): Source | null
  models: ModelCache
  backend: string
  codeVersion: string
}>

/** Prices through the same functions, in the same order, as a live listing: context of the fold, features, the model in force. */
export function createPricer({ state, source, models, backend, codeVersion }: PricerOptions): Pricer {
  const featurizer = createFeaturizerProcessor()
  const options = { model: models.get, featureSet: featureSetOf, reasonOf, backend, codeVersion, explainsAll: true }
  const scorers = {
    median: createScorerProcessor(options),
    'suggested ask': createScorerProcessor({
      ...options,
      demandUsd: ({ context }, { q50 }) =>
        suggestedAsk(
          context.similarSales.map(({ usd }) => usd),
          q50,
        ).usd,
    }),
  }

  const enrich = ({ item, seller, ask, bids }: PriceSubject): Readonly<{ listing: EnrichedListing; ask: PricedAsk | null }> => {
    if (isEgg(item)) throw new RejectedError('egg', `axie ${item.tokenId} has not hatched: it has no parts yet, so nothing to price`)
    if (!Number.isFinite(state.clock)) throw new RejectedError('no_market', 'no event of the market is known yet')
    const profile = profileOf(item)
    const at = state.clock
    const listingId = `price:${item.tokenId}`
    const priced = ask === null ? null : priceAskAt(ask, at, ratesAt(state, at))
    return {
      ask: priced,
      listing: {
        listingId,
        eventId: listingId,
        source: source() ?? 'live',
        observedAt: at,
        item: profile,
        seller: seller ?? '',
        // No feature depends on it, but the exit does: without an ask nobody is told of one.
        ask: priced ?? { kind: 'fixed', wei: '0', eth: 0, usd: 0, startedAt: at },
        bids: priceBids(bids, ratesAt(state, at)),
        context: contextFor(state, profile, { seller: seller ?? '', listingId, observedAt: at }),
        modelId: state.model?.modelId ?? null,
        featureSetHash: state.model?.featureSetHash ?? null,
        rulesHash: state.rulesHash,
      },
    }
  }

  return {
    async price(subject, demandAt = 'median') {
      if (state.model !== null) await models.load([state.model.modelId])
      const { listing, ask } = enrich(subject)
      return { scored: only(scorers[demandAt], only(featurizer, listing)), ask }
    },
  }
}

/** What a processor of the stream makes of one record, outside of the stream. */
function only<In, Out>(processor: Processor<In, Out, null>, value: In): Out {
  const record = { topic: '', partition: 0, offset: 0, timestamp: 0, key: null, headers: {} }
  const [result] = processor.process([{ value, record } satisfies Input<In>], null)
  if (result?.type === 'reject') throw new RejectedError(result.code, result.message)
  if (result?.type !== 'emit' || result.outputs[0] === undefined) throw new Error('expected one output for one record')
  return result.outputs[0].value
}
