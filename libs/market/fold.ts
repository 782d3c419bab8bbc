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

import { classNumber } from '#lib/axie/classes.ts'
import type { Anatomy } from '#lib/axie/profile.ts'
import type { MarketEvent } from '#schemas/types.ts'
import { createLeaderboard } from './combo-score.ts'
import {
  askMillis,
  exchangeRateMillis,
  futureToleranceMillis,
  horizonMillis,
  leaderboardMillis,
  oldestSaleMillis,
  salesMillis,
  sellerMillis,
} from './horizons.ts'
import type { MarketState } from './market-state.ts'
import { type EventContent, readEvent } from './read-event.ts'
import { identicalKey, similarKey, traitsOf } from './similarity.ts'

/** How long a second meeting is noticed. Rates and decisions are not among them: the last one counts, met again or not. */
const noticedMillis: Readonly<Record<EventContent['kind'], number>> = {
  sale: horizonMillis,
  offer: horizonMillis - askMillis,
  cancellation: horizonMillis - askMillis,
  leaderboard: horizonMillis - leaderboardMillis,
  exchange_rate: 0,
  model: 0,
  rules: 0,
}

/** Whether the same event was folded already, and would not be folded again. RejectedError as `readEvent`. */
export function isDuplicate(state: MarketState, event: MarketEvent): boolean {
  const clock = Math.max(state.clock, event.observedAt)
  return wasNoticed(state.metIds.lastMet(event.eventId), readEvent(event).kind, clock)
}

const wasNoticed = (lastMet: number | null, kind: EventContent['kind'], clock: number): boolean =>
  lastMet !== null && lastMet > clock - noticedMillis[kind]

/** Takes an event in. RejectedError as `readEvent`, before anything was touched. */
export function applyEvent(state: MarketState, event: MarketEvent): void {
  const content = readEvent(event)
  advance(state, Math.max(state.clock, event.observedAt))
  const lastMet = state.metIds.meet(event.eventId, state.clock)
  // Met again or not, a sold axie is no longer on offer: the sale may matter to no price any more, and still to its ask.
  if (content.kind === 'sale') state.asks.sold(content.sale.item.tokenId, content.sale.soldAt)
  if (!wasNoticed(lastMet, content.kind, state.clock)) take(state, content)
}

/** Moves the clock and forgets what is out of every span. */
function advance(state: MarketState, clock: number): void {
  if (clock === state.clock) return
  state.clock = clock
  state.levels.dropUpTo(clock - oldestSaleMillis)
  // A sale may claim to be a little younger than the moment it was known.
  state.sales.forgetKnownUpTo(clock - salesMillis - futureToleranceMillis)
  state.asks.forgetSeenUpTo(clock - askMillis)
  state.sellers.forgetUpTo(clock - sellerMillis)
  state.metIds.forgetUpTo(clock - horizonMillis)
}

function take(state: MarketState, content: EventContent): void {
  switch (content.kind) {
    case 'offer':
      takeOffer(state, content)
      break
    case 'sale':
      takeSale(state, content)
      break
    case 'cancellation':
      state.asks.cancel(content.listingId)
      break
    case 'exchange_rate':
      state.exchangeRate = { ethUsd: content.ethUsd, knownAt: state.clock }
      break
    case 'leaderboard':
      state.leaderboard = { combos: createLeaderboard(content.axies), knownAt: state.clock }
      break
    case 'model':
      state.modelId = content.modelId
      break
    case 'rules':
      state.rulesHash = content.rulesHash
  }
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
      ask,
    },
    state.clock,
  )
  if (isNew) state.sellers.add(seller, listingId, state.clock)
}

/** Dollars for one ETH, as known at a moment; null where the last rate is too old to be right. */
export const ethUsdAt = (state: MarketState, at: number): number | null =>
  state.exchangeRate !== null && state.exchangeRate.knownAt > at - exchangeRateMillis ? state.exchangeRate.ethUsd : null

function takeSale(state: MarketState, { sale, anatomy, usd, eth }: EventContent & { kind: 'sale' }): void {
  if (anatomy === null || sale.soldAt <= state.clock - oldestSaleMillis) return
  const ethUsd = ethUsdAt(state, state.clock)
  const price = usd ?? (ethUsd === null ? null : eth * ethUsd)
  if (price !== null) rememberSale(state, sale, anatomy, price)
}

function rememberSale(
  state: MarketState,
  { saleId, soldAt, item }: Readonly<{ saleId: string; soldAt: number; item: Readonly<{ tokenId: string }> }>,
  anatomy: Anatomy,
  usd: number,
): void {
  const level = state.levels.add({ soldAt, usd, classNumber: classNumber(anatomy.class) })
  if (soldAt <= state.clock - salesMillis) return
  const relative = level === null ? null : Math.log(usd) - level
  const traits = traitsOf(anatomy)
  state.sales.add({ saleId, tokenId: item.tokenId, traits, usd, soldAt, relative }, state.clock)
  if (relative !== null) state.classSales.add({ soldAt, traits, relative })
}
