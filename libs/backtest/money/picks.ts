/**
 * What came of buying one of each, alone and with no limit of money, so that strategies can be compared by what they pick. Nothing is drawn:
 * where a sale is a matter of chance, each way counts by its chance.
 */
import { median } from '#lib/numbers/median.ts'
import { type ExitKind, exitKinds, sold, type Trade, unsold } from './account.ts'
import type { Opportunity } from './opportunity.ts'
import type { ExecutionSettings } from './settings.ts'

export type PickSummary = Readonly<{
  picks: number
  /** How many ended in which way, expected. */
  exits: Readonly<Record<ExitKind, number>>
  spentUsd: number
  /** Shares of all picks, censored ones among them; what is unsold never gained. NaN without picks. */
  gainedShare: number
  /** Sum of gains / sum of asks. */
  returnOnSpend: number
  /** The same, each weighted by the chance to have been the first. */
  expectedReturn: number
  expectedGainUsd: number
  meanFill: number
  /** First prices that had to be taken from the forecast. */
  pricedByForecast: number
  /** Those whose axie was really sold again in time: the evidence without any assumption but the fee. */
  resales: number
  resaleGainedShare: number
  resaleMedianReturn: number
}>

/** One of the ways a purchase may end, and its chance. */
export type Way = Readonly<{ trade: Trade; chance: number }>

export function waysOf(pick: Opportunity, settings: ExecutionSettings): Way[] {
  let left = 1
  const ways = pick.chances.map((chance) => {
    const taken = left * (chance.own ? 1 : settings.sellChance)
    left -= taken
    return { trade: sold(pick, chance, settings), chance: taken }
  })
  return [...ways, { trade: unsold(pick, settings), chance: left }].filter(({ chance }) => chance > 0)
}

/** What is expected of one purchase. */
export type Expected = Readonly<{ gainUsd: number; gained: number }>

export function expectedOf(pick: Opportunity, settings: ExecutionSettings): Expected {
  let [gainUsd, gained] = [0, 0]
  for (const { trade, chance } of waysOf(pick, settings)) {
    gainUsd += chance * trade.gainUsd
    if (hasGained(trade)) gained += chance
  }
  return { gainUsd, gained }
}

/** What is unsold is no gain, whatever it may be worth. */
const hasGained = ({ exit, gainUsd }: Trade): boolean => gainUsd > 0 && (exit.kind === 'resold' || exit.kind === 'alike')

export function summarisePicks(picks: readonly Opportunity[], settings: ExecutionSettings): PickSummary {
  const exits = Object.fromEntries(exitKinds.map((kind) => [kind, 0])) as Record<ExitKind, number>
  for (const pick of picks) for (const { trade, chance } of waysOf(pick, settings)) exits[trade.exit.kind] += chance
  const expected = new Map(picks.map((pick) => [pick, expectedOf(pick, settings)]))
  const gainOf = (pick: Opportunity): number => expected.get(pick)!.gainUsd
  const returns = picks.filter(({ chances }) => chances[0]?.own === true).map((pick) => gainOf(pick) / pick.offer.askUsd)
  const expectedGainUsd = sum(picks, (pick) => gainOf(pick) * pick.fill)
  return {
    picks: picks.length,
    exits,
    spentUsd: sum(picks, ({ offer }) => offer.askUsd),
    gainedShare: sum(picks, (pick) => expected.get(pick)!.gained) / picks.length,
    returnOnSpend: sum(picks, gainOf) / sum(picks, ({ offer }) => offer.askUsd),
    expectedReturn: expectedGainUsd / sum(picks, ({ offer, fill }) => offer.askUsd * fill),
    expectedGainUsd,
    meanFill: sum(picks, ({ fill }) => fill) / picks.length,
    pricedByForecast: picks.filter(({ firstPrice }) => firstPrice.from === 'forecast').length,
    resales: returns.length,
    resaleGainedShare: returns.filter((one) => one > 0).length / returns.length,
    resaleMedianReturn: median(returns),
  }
}

const sum = <Item>(items: readonly Item[], read: (item: Item) => number): number => items.reduce((total, item) => total + read(item), 0)
