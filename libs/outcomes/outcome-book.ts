import { createHash } from 'node:crypto'
import { hourMillis } from '#lib/clock/durations.ts'
import { RejectedError } from '#lib/errors/errors.ts'
import { priceAsk } from '#lib/market/ask.ts'
import { listingIdOf, payloadOf } from '#lib/market/event.ts'
import { exchangeRateMillis } from '#lib/market/horizons.ts'
import type { Rates } from '#lib/market/rates.ts'
import { type EventContent, readEvent } from '#lib/market/read-event.ts'
import type { Alert, MarketEvent, Outcome, PricedAsk, RejectedCandidate } from '#schemas/types.ts'
import type { AxieHistories } from './axie-histories.ts'
import { type Bet, beforehandMillis, followMillis, outcomeOf } from './outcome-of.ts'

/**
 * What became of every alert, and beside them of the random buyer's draws and of the candidates that were rejected. Several topics meet
 * here, and nothing tells which of two records of different topics comes first: so an outcome is computed anew from all that is known of
 * its axie whenever something about it is heard, and is the same whatever the order. Memory is finite: what is too old for any bet is
 * forgotten.
 */
export interface OutcomeBook {
  /** Takes an event of the market; returns the outcomes that it revised. */
  observe(event: MarketEvent): Outcome[]
  alerted(alert: Alert): Outcome[]
  rejected(candidate: RejectedCandidate): Outcome[]
  /** Someone said that they bought what was alerted. */
  bought(alertId: string): Outcome[]
  /** It was not posted, because of this limit. */
  heldBack(alertId: string, limit: string): Outcome[]
  size(): Readonly<{ bets: number; happenings: number }>
}

export type OutcomeBookOptions = Readonly<{
  /** The market's share of a resale. */
  feeRatio: number
  /** One listing in this many is drawn for the random buyer. */
  drawOneIn: number
  /** What happened to each axie: kept here, and read by whoever else is to know. */
  histories: AxieHistories
}>

export function createOutcomeBook({ feeRatio, drawOneIn, histories }: OutcomeBookOptions): OutcomeBook {
  const bets = createBets()
  const boughtIds = new Set<string>()
  const limits = new Map<string, string>()
  /** Newest observedAt of the market's events. */
  let clock = Number.NEGATIVE_INFINITY
  let rate: { rates: Rates; at: number } | null = null
  let sweptHour = Number.NaN

  /** An older rate would make the past matter without end. */
  const rates = () => (rate !== null && rate.at > clock - exchangeRateMillis ? rate.rates : null)

  const revise = (entries: Iterable<Entry>): Outcome[] =>
    [...entries].flatMap((entry) => {
      const { bet, outcome: before } = entry
      const outcome = outcomeOf(bet, histories.get(bet.tokenId), {
        clock,
        bought: boughtIds.has(bet.id),
        heldBack: limits.get(bet.id) ?? null,
        feeRatio,
      })
      if (outcome.isFinal) {
        bets.remove(bet)
        limits.delete(bet.id)
      }
      if (before !== null && JSON.stringify(before) === JSON.stringify(outcome)) return []
      entry.outcome = outcome
      return [outcome]
    })

  const add = (bet: Bet): Outcome[] => revise(bets.add(bet))

  const drawn = (event: MarketEvent): Bet[] => {
    const payload = payloadOf(event)
    if (payload.kind !== 'Listing' || !isDrawn(payload.value.listingId, drawOneIn)) return []
    const ask = priceAsk(payload.value.ask, rates())
    return ask === null ? [] : [randomBet(event, payload.value, ask)]
  }

  const noted = (event: MarketEvent, content: EventContent): Outcome[] => {
    const payload = payloadOf(event)
    if (content.kind === 'exchange_rate') rate = { rates: content.rates, at: event.observedAt }
    if (content.kind === 'sale') {
      const { sale } = content
      const dollars = rates()?.ETH ?? null
      const usd = content.usd ?? (dollars === null ? null : content.eth * dollars)
      // What was paid in another token is what it was worth in ether.
      const eth = Number.isNaN(content.eth) && usd !== null && dollars !== null ? usd / dollars : content.eth
      const happening = { id: sale.saleId, at: sale.soldAt, usd, eth, breedCount: sale.item.breedCount }
      return histories.note(sale.item.tokenId, 'sales', happening) ? revise(bets.get(sale.item.tokenId)) : []
    }
    if (content.kind === 'offer') {
      const { tokenId } = content.offer.item
      const happening = { id: listingIdOf(tokenId, content.ask.startedAt), at: content.ask.startedAt }
      return histories.note(tokenId, 'offers', happening) ? revise(bets.get(tokenId)) : []
    }
    if (payload.kind !== 'Cancellation') return []
    const { tokenId, listingId } = payload.value
    return histories.note(tokenId, 'cancellations', { id: listingId, at: event.eventTime }) ? revise(bets.get(tokenId)) : []
  }

  /** At each hour of the market's clock: bets whose time is up become final, and what is too old for any is forgotten. */
  const sweep = (): Outcome[] => {
    const hour = Math.floor(clock / hourMillis)
    if (hour === sweptHour) return []
    sweptHour = hour
    const final = revise(bets.dueAt(clock - followMillis))
    histories.forgetBefore(clock - followMillis - beforehandMillis)
    return final
  }

  return {
    observe(event) {
      const content = event.origin === 'backfill' ? null : contentOf(event)
      if (content === null) return []
      clock = Math.max(clock, event.observedAt)
      return [...noted(event, content), ...drawn(event).flatMap(add), ...sweep()]
    },
    alerted: (alert) => add(betOf(alert)),
    rejected: (candidate) => add(rejectedBet(candidate)),
    bought(alertId) {
      boughtIds.add(alertId)
      return revise(bets.withId(alertId))
    },
    heldBack(alertId, limit) {
      limits.set(alertId, limit)
      return revise(bets.withId(alertId))
    },
    size: () => ({ bets: bets.count(), happenings: histories.count() }),
  }
}

/** What the enricher refuses is no happening. */
function contentOf(event: MarketEvent): EventContent | null {
  try {
    return readEvent(event)
  } catch (error) {
    if (error instanceof RejectedError) return null
    throw error
  }
}

/** By its id alone: the same listings are drawn live, after a restart and in a replay. */
const isDrawn = (listingId: string, oneIn: number): boolean => createHash('sha256').update(listingId).digest().readUInt32BE(0) % oneIn === 0

function betOf({ alertId, rule, scored }: Alert): Bet {
  const { listing, quantilesUsd } = scored
  return {
    id: alertId,
    kind: 'alert',
    listingId: listing.listingId,
    tokenId: listing.item.tokenId,
    breedCount: listing.item.breedCount,
    startedAt: listing.ask.startedAt,
    rule,
    source: listing.source,
    alertedAt: listing.observedAt,
    askUsd: listing.ask.usd,
    askEth: listing.ask.eth,
    forecastUsd: quantilesUsd.q50,
    rejectedFor: null,
  }
}

function rejectedBet(candidate: RejectedCandidate): Bet {
  return {
    id: `rejected:${candidate.listingId}`,
    kind: 'rejected',
    listingId: candidate.listingId,
    tokenId: candidate.tokenId,
    breedCount: candidate.breedCount,
    startedAt: candidate.startedAt,
    rule: candidate.rule,
    source: candidate.source,
    alertedAt: candidate.observedAt,
    askUsd: candidate.askUsd,
    askEth: candidate.askEth,
    forecastUsd: candidate.quantilesUsd.q50,
    rejectedFor: candidate.reason,
  }
}

function randomBet(
  { observedAt, source }: MarketEvent,
  { listingId, item }: { listingId: string; item: { tokenId: string; breedCount: number } },
  ask: PricedAsk,
): Bet {
  return {
    id: `random:${listingId}`,
    kind: 'random',
    listingId,
    tokenId: item.tokenId,
    breedCount: item.breedCount,
    startedAt: ask.startedAt,
    rule: 'random',
    source,
    alertedAt: observedAt,
    askUsd: ask.usd,
    askEth: ask.eth,
    forecastUsd: null,
    rejectedFor: null,
  }
}

/** A bet that is still followed, and the outcome that was told last. */
type Entry = { readonly bet: Bet; outcome: Outcome | null }

function createBets() {
  const byId = new Map<string, Entry>()
  const byAxie = new Map<string, Entry[]>()
  return {
    /** Nothing where it is followed already: a Dutch ask that falls is listed again. */
    add(bet: Bet): Entry[] {
      if (byId.has(bet.id)) return []
      const entry: Entry = { bet, outcome: null }
      byId.set(bet.id, entry)
      byAxie.set(bet.tokenId, [...(byAxie.get(bet.tokenId) ?? []), entry])
      return [entry]
    },
    remove({ id, tokenId }: Bet): void {
      byId.delete(id)
      const others = (byAxie.get(tokenId) ?? []).filter(({ bet }) => bet.id !== id)
      if (others.length === 0) byAxie.delete(tokenId)
      else byAxie.set(tokenId, others)
    },
    get: (tokenId: string): readonly Entry[] => byAxie.get(tokenId) ?? [],
    withId: (id: string): Entry[] => [byId.get(id) ?? []].flat(),
    /** Those that were alerted before. */
    dueAt: (time: number): Entry[] => [...byId.values()].filter(({ bet }) => bet.alertedAt < time),
    count: () => byId.size,
  }
}
