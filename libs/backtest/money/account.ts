/** One person's account, pick after pick: what was bought, what was missed and why, what came of each purchase. */

import type { Luck } from './luck.ts'
import type { Chance, Opportunity } from './opportunity.ts'
import type { ExecutionSettings } from './settings.ts'

export type MissReason =
  | 'taken by someone else'
  | 'dearer than one purchase may be'
  | 'not enough money left'
  | 'too many positions'
  | 'held or just sold by ourselves'

/**
 * - resold: the same axie, no more bred, was really sold again in time: for that price
 * - alike: the buyer of one alike bought ours, at our price
 * - unsold: neither, and its time is over: worth a share of what its like then sold for, and no money comes of it
 * - censored: the same, but too few of its hours were seen to know; counted like the unsold wherever shares are taken
 */
export type ExitKind = 'resold' | 'alike' | 'unsold' | 'censored'
export const exitKinds: readonly ExitKind[] = ['resold', 'alike', 'unsold', 'censored']

export type Trade = Readonly<{
  opportunity: Opportunity
  exit: Readonly<{ kind: ExitKind; at: number; priceUsd: number }>
  /** After fee, gas and what was paid. */
  gainUsd: number
}>

export type Account = Readonly<{ trades: readonly Trade[]; missed: Readonly<Record<MissReason, number>> }>

export const isSold = ({ exit }: Trade): boolean => exit.kind === 'resold' || exit.kind === 'alike'

/** What happens to these picks, in the order of time: a purchase is possible, or a real sale that may be one of ours. */
export type Schedule = readonly Step[]
type Step =
  | Readonly<{ kind: 'offer'; at: number; pick: Opportunity }>
  | Readonly<{ kind: 'sale'; at: number; sale: number; takers: readonly Readonly<{ pick: Opportunity; chance: Chance }>[] }>

/** A sale at the very moment of a purchase is none that it could be sold by, so sales come first. */
export function scheduleOf(picks: readonly Opportunity[]): Schedule {
  const takers = Map.groupBy(
    picks.flatMap((pick) => pick.chances.map((chance) => ({ pick, chance }))),
    ({ chance }) => chance.sale.number,
  )
  const sales = [...takers].map(([sale, found]): Step => ({ kind: 'sale', at: found[0]!.chance.sale.soldAt, sale, takers: found }))
  const offers = picks.map((pick): Step => ({ kind: 'offer', at: pick.boughtAt, pick }))
  const placeOf = (step: Step): number => (step.kind === 'sale' ? step.sale : -1)
  return [...sales, ...offers].sort((one, other) => one.at - other.at || placeOf(other) - placeOf(one))
}

type State = {
  cashUsd: number
  /** By axie, for as long as nothing came of it. */
  readonly offered: Map<string, Opportunity>
  /** Nobody wanted them: what they cost does not come back. */
  stuck: number
  /** Sales that were ours, or that a purchase of ours came before: they are nobody else's. */
  readonly ours: Set<number>
  readonly trades: Trade[]
  readonly missed: Record<MissReason, number>
}

/** Each real sale is used once: its buyer buys one axie, of ours the cheapest or their own choice. */
export function runAccount(schedule: Schedule, settings: ExecutionSettings, luck: Luck): Account {
  const state: State = {
    cashUsd: settings.capitalUsd,
    offered: new Map(),
    stuck: 0,
    ours: new Set(),
    trades: [],
    missed: {
      'taken by someone else': 0,
      'dearer than one purchase may be': 0,
      'not enough money left': 0,
      'too many positions': 0,
      'held or just sold by ourselves': 0,
    },
  }
  for (const step of schedule) {
    endBefore(state, step.at, settings)
    if (step.kind === 'offer') buy(state, step.pick, settings, luck)
    else sell(state, step, settings, luck)
  }
  endBefore(state, Number.POSITIVE_INFINITY, settings)
  const { trades, missed } = state
  return { trades, missed }
}

/** In the order they were bought, which is that of their ends: all have the same time. */
function endBefore(state: State, time: number, settings: ExecutionSettings): void {
  for (const [tokenId, pick] of state.offered) {
    if (pick.until >= time) return
    state.offered.delete(tokenId)
    state.stuck++
    state.trades.push(unsold(pick, settings))
  }
}

function buy(state: State, pick: Opportunity, settings: ExecutionSettings, luck: Luck): void {
  const miss = missOf(state, pick, settings, luck)
  if (miss !== null) {
    state.missed[miss]++
    return
  }
  state.cashUsd -= pick.costUsd
  state.offered.set(pick.offer.tokenId, pick)
  if (pick.preempted !== undefined) state.ours.add(pick.preempted.number)
}

function missOf({ cashUsd, offered, stuck, ours }: State, pick: Opportunity, settings: ExecutionSettings, luck: Luck): MissReason | null {
  const { offer, costUsd, fill, preempted } = pick
  if (offered.has(offer.tokenId) || (preempted !== undefined && ours.has(preempted.number))) return 'held or just sold by ourselves'
  if (offer.askUsd > settings.perTradeUsd) return 'dearer than one purchase may be'
  if (offered.size + stuck >= settings.maximumPositions) return 'too many positions'
  if (costUsd > cashUsd) return 'not enough money left'
  return luck.race(offer.listingId) < fill ? null : 'taken by someone else'
}

function sell(state: State, { sale, takers }: Extract<Step, { kind: 'sale' }>, settings: ExecutionSettings, luck: Luck): void {
  if (state.ours.has(sale)) return
  const open = takers.filter(({ pick }) => state.offered.get(pick.offer.tokenId) === pick)
  const own = open.find(({ chance }) => chance.own)
  const cheapest =
    own ??
    open.reduce<(typeof open)[number] | undefined>(
      (best, one) => (best !== undefined && best.chance.priceUsd <= one.chance.priceUsd ? best : one),
      undefined,
    )
  if (cheapest === undefined || (own === undefined && !(luck.buyer(sale) < settings.sellChance))) return
  const { pick, chance } = cheapest
  const trade = sold(pick, chance, settings)
  state.offered.delete(pick.offer.tokenId)
  state.ours.add(sale)
  state.cashUsd += pick.costUsd + trade.gainUsd
  state.trades.push(trade)
}

export const sold = (pick: Opportunity, { own, sale, priceUsd }: Chance, { feeRatio, gasUsd }: ExecutionSettings): Trade => ({
  opportunity: pick,
  exit: { kind: own ? 'resold' : 'alike', at: sale.soldAt, priceUsd },
  gainUsd: priceUsd * (1 - feeRatio) - gasUsd - pick.costUsd,
})

export const unsold = (pick: Opportunity, settings: ExecutionSettings): Trade => ({
  opportunity: pick,
  exit: {
    kind: pick.observedShare < settings.leastObserved ? 'censored' : 'unsold',
    at: pick.until,
    priceUsd: pick.likeUsd * settings.liquidationRatio,
  },
  gainUsd: liquidationUsd(pick.likeUsd, settings) - pick.costUsd,
})

/** What a share of its like's price leaves after fee and gas. */
export const liquidationUsd = (likeUsd: number, { liquidationRatio, feeRatio, gasUsd }: ExecutionSettings): number =>
  Math.max(0, likeUsd * liquidationRatio * (1 - feeRatio) - gasUsd)
