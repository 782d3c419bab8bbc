import { rejectionWords } from '#lib/rules/rejection.ts'
import type { Alert, Outcome } from '#schemas/types.ts'
import { createRecent } from './recent.ts'
import type { Selectable } from './selection.ts'

/** Whose purchase it was, or would have been. */
export const tradeKinds = ['alert', 'random', 'rejected'] as const
export const tradeStates = ['open', 'gone', 'resold', 'censored'] as const

/** A purchase and what came of it: one row of the page's table. Dollars; moments of the market's clock. */
export type Trade = Readonly<{
  tradeId: string
  listingId: string
  kind: (typeof tradeKinds)[number]
  at: number
  axieId: string
  /** Null where nobody said it lately. */
  class: string | null
  rule: string | null
  /** Why a rejected one was, in words. */
  reason: string | null
  state: (typeof tradeStates)[number]
  askUsd: number
  forecastUsd: number | null
  /** What the alert expected at the median, and at the lower quartile, after fee and ask. */
  expectedUsd: number | null
  expectedLowUsd: number | null
  /** When the listing was gone and by what; and what it went for, where it sold. */
  goneAt: number | null
  goneBy: Outcome['goneBy']
  soldUsd: number | null
  resoldUsd: number | null
  resoldAt: number | null
  /** What it came to after fee and ask; null until it was sold on. */
  netUsd: number | null
  /** Somebody said so. */
  bought: boolean
  /** The limit that kept the alert from being posted; null: none did. */
  heldBack: string | null
  simulated: boolean
}>

export type TradeBook = Readonly<{
  takeAlert(alert: Alert): void
  takeOutcome(outcome: Outcome): void
  /** Newest first. */
  trades(): Trade[]
}>

export type TradeBookOptions = Readonly<{
  /** How many of each kind are kept. */
  capacity: number
  /** The class of an axie seen lately: records of outcomes do not have it. */
  classOf(axieId: string): string | null
}>

type Expected = Readonly<{ class: string; forecastUsd: number; expectedUsd: number; expectedLowUsd: number; trade: Trade }>

/** Alerts and what became of them come from two topics, in either order; random purchases and rejected candidates from one. */
export function createTradeBook({ capacity, classOf }: TradeBookOptions): TradeBook {
  const alerts = createRecent<Expected>(capacity)
  const outcomes = {
    alert: createRecent<Outcome>(capacity),
    random: createRecent<Outcome>(capacity),
    rejected: createRecent<Outcome>(capacity),
  }

  const followed = (outcome: Outcome): Trade => {
    const alert = outcome.kind === 'alert' ? alerts.get(outcome.alertId) : undefined
    return {
      tradeId: outcome.alertId,
      listingId: outcome.listingId,
      kind: outcome.kind,
      at: outcome.alertedAt,
      axieId: outcome.tokenId,
      class: alert?.class ?? classOf(outcome.tokenId),
      rule: outcome.kind === 'random' ? null : outcome.rule,
      reason: outcome.rejectedFor === null ? null : rejectionWords(outcome.rejectedFor),
      state: outcome.status,
      askUsd: outcome.askUsd,
      forecastUsd: alert?.forecastUsd ?? outcome.forecastUsd,
      expectedUsd: alert?.expectedUsd ?? null,
      expectedLowUsd: alert?.expectedLowUsd ?? null,
      goneAt: outcome.goneAt,
      goneBy: outcome.goneBy,
      soldUsd: outcome.soldUsd,
      resoldUsd: outcome.resoldUsd,
      resoldAt: outcome.resoldAt,
      netUsd: outcome.netUsd,
      bought: outcome.bought,
      heldBack: outcome.heldBack,
      simulated: outcome.source !== 'live',
    }
  }

  return {
    takeAlert: (alert) => alerts.set(alert.alertId, expectedOf(alert)),
    takeOutcome: (outcome) => outcomes[outcome.kind].set(outcome.alertId, outcome),
    trades() {
      const all = Object.values(outcomes).flatMap((kept) => kept.newest(capacity).map(followed))
      const waiting = alerts.newest(capacity).filter(({ trade }) => outcomes.alert.get(trade.tradeId) === undefined)
      return [...all, ...waiting.map(({ trade }) => trade)].sort((a, b) => b.at - a.at || (a.tradeId < b.tradeId ? -1 : 1))
    },
  }
}

/** An alert that nothing is known to have come of: it is open. */
function expectedOf({ alertId, listingId, rule, netGainUsd, netGainLowUsd, scored }: Alert): Expected {
  const { item, observedAt, ask, source } = scored.listing
  const known = {
    class: item.class,
    forecastUsd: scored.quantilesUsd.q50,
    expectedUsd: netGainUsd,
    expectedLowUsd: netGainLowUsd,
  }
  const trade: Trade = {
    ...{ tradeId: alertId, listingId, kind: 'alert', at: observedAt, axieId: item.tokenId, rule, reason: null, state: 'open' },
    ...{
      askUsd: ask.usd,
      goneAt: null,
      goneBy: null,
      soldUsd: null,
      resoldUsd: null,
      resoldAt: null,
      netUsd: null,
      bought: false,
      heldBack: null,
      simulated: source !== 'live',
    },
    ...known,
  }
  return { ...known, trade }
}

/** Gain is what it came to; until then nothing is known of it. */
export const selectableTrade = ({
  axieId,
  class: axieClass,
  at,
  askUsd,
  netUsd,
  rule,
  state,
  kind,
  bought,
  heldBack,
}: Trade): Selectable => ({
  ...{ axieId, class: axieClass, at, ask: askUsd, gain: netUsd, rule, state, kind, bought, heldBack },
})
