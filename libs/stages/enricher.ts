import { isEgg } from '#lib/axie/anatomy.ts'
import { profileOf } from '#lib/axie/profile.ts'
import { RejectedError } from '#lib/errors/errors.ts'
import { priceAsk } from '#lib/market/ask.ts'
import { priceBids } from '#lib/market/bids.ts'
import { itemKey, payloadOf } from '#lib/market/event.ts'
import { contextFor } from '#lib/market/fold/context.ts'
import { applyEvent, isDuplicate, ratesAt } from '#lib/market/fold/fold.ts'
import { carryOf, initialMarketState, type MarketState, modelOfCarry } from '#lib/market/fold/market-state.ts'
import { horizonMillis } from '#lib/market/horizons.ts'
import type { ItemModels, PromotedModel } from '#lib/market/item-model.ts'
import { clockOf, readEvent } from '#lib/market/read-event.ts'
import type { Processor, Result } from '#lib/stream/processor.ts'
import type { EnrichedListing, Listing, MarketEvent } from '#schemas/types.ts'

type Enriched = Result<EnrichedListing>

/** Why an event is folded, or not even that, and leads to nothing: for the metrics. */
const skip = (reason: string): Enriched => ({ type: 'skip', reason })

/** What a listing that deserves a price is given: what it is, what surrounds it, and which model and rules decide about it. */
function enrich(state: MarketState, event: MarketEvent, listing: Listing): Enriched {
  const { listingId, seller, item } = listing
  const profile = profileOf(item)
  const context = contextFor(state, profile, { seller, listingId, observedAt: event.observedAt })
  const rates = ratesAt(state, context.asOf)
  const ask = priceAsk(listing.ask, rates)
  // The market nearly always says dollars itself; without them and without a recent exchange rate there is nothing to compare.
  if (ask === null) return noExchangeRate
  const value: EnrichedListing = {
    listingId,
    eventId: event.eventId,
    source: event.source,
    observedAt: event.observedAt,
    item: profile,
    seller,
    ask,
    context,
    bids: priceBids(listing.bids, rates),
    modelId: state.model?.modelId ?? null,
    featureSetHash: state.model?.featureSetHash ?? null,
    rulesHash: state.rulesHash,
  }
  return { type: 'emit', outputs: [{ topic: 'listings.enriched', key: itemKey(profile.tokenId), value }] }
}

/**
 * Refused, and yet folded. Whether a rate is known depends on the state, and so must nothing of what the state remembers: a restore begins
 * in the middle, may meet the listing there for the first time and without a rate, and must know all the same that it was met.
 */
const noExchangeRate: Enriched = {
  type: 'reject',
  code: 'no_exchange_rate',
  message: 'the ask is in tokens only, and no exchange rate of the last hour is known',
}

const skipReasons = {
  AskSeen: 'ask_seen',
  Cancellation: 'cancellation',
  Sale: 'sale',
  ExchangeRate: 'exchange_rate',
  LeaderboardSnapshot: 'leaderboard',
  ModelPromoted: 'model_promoted',
  RulesChanged: 'rules_changed',
  ChallengerNamed: 'challenger_named',
  ModelRolledBack: 'model_rolled_back',
  ModelBarred: 'model_barred',
  ModelsCompared: 'models_compared',
  MoneyEvidence: 'money_evidence',
  LearningHeld: 'learning_held',
  DecisionHeld: 'decision_held',
} as const

/** What an event leads to, from the state as it stands before it. */
function resultOf(state: MarketState, event: MarketEvent): Enriched {
  readEvent(event)
  if (isDuplicate(state, event)) return skip('duplicate')
  const payload = payloadOf(event)
  if ((payload.kind === 'Listing' || payload.kind === 'Sale') && isEgg(payload.value.item)) return skip('egg')
  if (payload.kind !== 'Listing') return skip(skipReasons[payload.kind])
  if (event.origin === 'backfill') return skip('backfill')
  return enrich(state, event, payload.value)
}

/** Decides about an event, then folds it. One that is refused for what it says leaves the state as it was. */
function processEvent(state: MarketState, event: MarketEvent): Enriched {
  try {
    const result = resultOf(state, event)
    applyEvent(state, event)
    return result
  } catch (error) {
    if (error instanceof RejectedError) return { type: 'reject', code: error.code, message: error.message }
    throw error
  }
}

export type EnricherOptions = Readonly<{
  itemModels: ItemModels
  /** Called with the model in force where a state begins: its item model will be asked for with the first event. */
  onBegin?(model: PromotedModel | null): void
}>

/**
 * Folds a market's events and emits each live listing once, with the market as it was known just before it.
 * Skipped: everything that is no listing (by kind), backfill, egg, duplicate.
 * Refused: a promotion of a model that cannot be used, by what the item models say of it (the one before stays); unknown_class, unknown_part, bad_breed_count, bad_price, bad_exchange_rate, no_exchange_rate, future_event.
 */
export const createEnricherProcessor = ({
  itemModels,
  onBegin = () => {},
}: EnricherOptions): Processor<MarketEvent, EnrichedListing, MarketState> => ({
  initial(carry) {
    onBegin(modelOfCarry(carry))
    return initialMarketState(carry, itemModels)
  },
  process: (batch, state) => batch.map(({ value }) => processEvent(state, value)),
  memory: { horizonMillis, clockOf: ({ value }) => clockOf(value), carry: carryOf },
})
