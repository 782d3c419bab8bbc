/**
 * The fold: a market's state from its events, in the order of the log.
 *
 * Laws, each tested: the state after an event is a function of the events of the last `horizonMillis` and the carried values, and of
 * nothing else; however the log was cut into batches, and from wherever within the law it is folded again, it is the same. Time is the
 * running maximum of observedAt. An event met twice is folded once. Nothing in a context comes from the event itself or from a later one.
 *
 * Why the spans add up. A remembered sale (14 days) carries its price relative to a level of the 7 days before it: 21 days. That a sale
 * was met before must be known for as long as it could matter, the whole horizon; for anything else whose effect lasts d, meeting it
 * twice is noticed for horizon - d: noticed longer, a refold that begins in between would count the second meeting as the first.
 */

import type { Anatomy } from '#lib/axie/anatomy.ts'
import { grownOf, unknownGrowth } from '#lib/axie/attributes.ts'
import { classNumber } from '#lib/axie/classes.ts'
import { createLeaderboard } from '#lib/axie/combo-score.ts'
import { profileOf } from '#lib/axie/profile.ts'
import { identicalKey, similarKey, traitsOf } from '#lib/axie/similarity.ts'
import {
  askMillis,
  exchangeRateMillis,
  futureToleranceMillis,
  horizonMillis,
  leaderboardMillis,
  oldestSaleMillis,
  salesMillis,
  sellerMillis,
} from '#lib/market/horizons.ts'
import type { ItemModel } from '#lib/market/item-model.ts'
import type { Rates } from '#lib/market/rates.ts'
import { type EventContent, readEvent } from '#lib/market/read-event.ts'
import type { MarketEvent } from '#schemas/types.ts'
import { bar, checkPromotion } from './champion.ts'
import { itemModelOf, type MarketState } from './market-state.ts'
import { readSale, readSalesAnew } from './read-sales-anew.ts'

/** How long a second meeting is noticed. Rates and decisions are not among them: the last one counts, met again or not. */
const noticedMillis: Readonly<Record<EventContent['kind'], number>> = {
  sale: horizonMillis,
  offer: horizonMillis - askMillis,
  cancellation: horizonMillis - askMillis,
  leaderboard: horizonMillis - leaderboardMillis,
  exchange_rate: 0,
  model: 0,
  barred: 0,
  rules: 0,
  learning: 0,
}

/** Whether the same event was folded already, and would not be folded again. RejectedError as `readEvent`. */
export function isDuplicate(state: MarketState, event: MarketEvent): boolean {
  const clock = Math.max(state.clock, event.observedAt)
  return wasNoticed(state.metIds.lastMet(event.eventId), readEvent(event).kind, clock)
}

const wasNoticed = (lastMet: number | null, kind: EventContent['kind'], clock: number): boolean =>
  lastMet !== null && lastMet > clock - noticedMillis[kind]

/** Takes an event in. RejectedError as `readEvent`, `checkPromotion` and `ItemModels.of`, before anything was touched. */
export function applyEvent(state: MarketState, event: MarketEvent): void {
  const content = readEvent(event)
  if (content.kind === 'model') checkPromotion(state, content)
  const itemModel = content.kind === 'model' ? state.itemModels.get(content) : itemModelOf(state)
  advance(state, Math.max(state.clock, event.observedAt))
  const lastMet = state.metIds.meet(event.eventId, state.clock)
  // Met again or not, a sold axie is no longer on offer: the sale may matter to no price any more, and still to its ask.
  if (content.kind === 'sale') state.asks.sold(content.sale.item.tokenId, content.sale.soldAt)
  if (!wasNoticed(lastMet, content.kind, state.clock)) take(state, content, itemModel)
}

/** Moves the clock and forgets what is out of every span. */
function advance(state: MarketState, clock: number): void {
  if (clock === state.clock) return
  state.clock = clock
  state.levels.dropUpTo(clock - oldestSaleMillis)
  state.residualLevels.dropUpTo(clock - oldestSaleMillis)
  // A sale may claim to be a little younger than the moment it was known.
  state.sales.forgetKnownUpTo(clock - salesMillis - futureToleranceMillis)
  state.toldSales.forgetUpTo(clock - oldestSaleMillis - futureToleranceMillis)
  state.asks.forgetSeenUpTo(clock - askMillis)
  state.sellers.forgetUpTo(clock - sellerMillis)
  state.metIds.forgetUpTo(clock - horizonMillis)
  state.watchedHours.forgetUpTo(clock - salesMillis)
}

/** @param itemModel the one in force, of a promotion the one that it brings */
function take(state: MarketState, content: EventContent, itemModel: ItemModel | null): void {
  switch (content.kind) {
    case 'offer':
      takeOffer(state, content)
      break
    case 'sale':
      takeSale(state, content, itemModel)
      break
    case 'cancellation':
      state.asks.cancel(content.listingId)
      break
    case 'exchange_rate':
      state.exchangeRate = { rates: content.rates, knownAt: state.clock }
      break
    case 'leaderboard':
      state.leaderboard = { combos: createLeaderboard(content.axies), knownAt: state.clock }
      break
    case 'model':
      takeModel(state, content, itemModel)
      break
    case 'barred':
      bar(state, content.modelId)
      break
    case 'learning':
      break
    case 'rules':
      state.rulesHash = content.rulesHash
  }
}

function takeModel(
  state: MarketState,
  { modelId, featureSetHash, since }: EventContent & { kind: 'model' },
  itemModel: ItemModel | null,
): void {
  const isAnother = state.model?.modelId !== modelId
  state.model = { modelId, featureSetHash }
  state.modelSince = since
  state.itemModel = itemModel
  if (isAnother) readSalesAnew(state, itemModel)
}

function takeOffer(state: MarketState, { isNew, offer, anatomy, ask }: EventContent & { kind: 'offer' }): void {
  if (anatomy === null) return
  const traits = traitsOf(anatomy)
  const { listingId, seller } = offer
  state.asks.see(
    {
      listingId,
      tokenId: offer.item.tokenId,
      similarKey: similarKey(traits),
      identicalKey: identicalKey(traits),
      breedCount: anatomy.breedCount,
      collections: anatomy.collections,
      ask,
    },
    state.clock,
  )
  if (isNew) state.sellers.add(seller, listingId, state.clock)
}

/** Dollars for one of each token, as known at a moment; null where the last rates are too old to be right. */
export const ratesAt = (state: MarketState, at: number): Rates | null =>
  state.exchangeRate !== null && state.exchangeRate.knownAt > at - exchangeRateMillis ? state.exchangeRate.rates : null

/** Dollars for one ETH, likewise. */
export const ethUsdAt = (state: MarketState, at: number): number | null => ratesAt(state, at)?.ETH ?? null

type SaleContent = EventContent & { kind: 'sale' }

function takeSale(state: MarketState, content: SaleContent, itemModel: ItemModel | null): void {
  const { sale, anatomy, usd, eth } = content
  if (anatomy === null || sale.soldAt <= state.clock - oldestSaleMillis) return
  const ethUsd = ethUsdAt(state, state.clock)
  const price = usd ?? (ethUsd === null ? null : eth * ethUsd)
  if (price !== null) rememberSale(state, content, anatomy, price, itemModel)
}

/** What the sale says once and for all is reckoned here: how its price stood to the level of that moment, and to what the axie is worth. */
function rememberSale(
  state: MarketState,
  { sale: { saleId, soldAt, item }, isWitnessed }: SaleContent,
  anatomy: Anatomy,
  usd: number,
  itemModel: ItemModel | null,
): void {
  const [logPrice, group] = [Math.log(usd), classNumber(anatomy.class)]
  const level = state.levels.add({ soldAt, logPrice, group })
  const profile = profileOf(item)
  const residual = readSale(itemModel, state.residualLevels, { soldAt, logPrice, profile })
  const sold = { clock: state.clock, soldAt, logPrice, profile: { ...profile, genes: null, image: null } }
  if (soldAt <= state.clock - salesMillis) {
    state.toldSales.add({ ...sold, remembered: null })
    return
  }
  state.watchedHours.add(soldAt)
  const relative = level === null ? null : logPrice - level
  const traits = traitsOf(anatomy)
  const grown = isWitnessed ? grownOf(profile) : unknownGrowth
  const number = state.sales.add({ saleId, tokenId: item.tokenId, traits, usd, soldAt, relative, residual, ...grown }, state.clock)
  state.toldSales.add({ ...sold, remembered: { number, traits, relative } })
  if (relative !== null) state.classSales.add({ soldAt, traits, relative, residual: residual ?? Number.NaN })
}
