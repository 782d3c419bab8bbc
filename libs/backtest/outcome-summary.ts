import { median } from '#lib/numbers/median.ts'
import type { ExitKind, Outcome } from './execution.ts'

/** What came of buying one of each: no limit of money, so that strategies can be compared by what they pick. */
export type OutcomeSummary = Readonly<{
  picks: number
  exits: Readonly<Record<ExitKind, number>>
  spentUsd: number
  /** Of all but the censored; an unsold one never gained. Shares; NaN where there is nothing to take them of. */
  gainedShare: number
  medianReturn: number
  /** Sum of gains / sum of asks. */
  returnOnSpend: number
  /** The same, each weighted by the chance to have been the first. */
  expectedReturn: number
  expectedGainUsd: number
  expectedGainOverMarketUsd: number
  meanFill: number
  /** Of those whose axie was really sold again: the evidence without any assumption but the fee. */
  resales: number
  resaleGainedShare: number
  resaleMedianReturn: number
}>

export function summarise(outcomes: readonly Outcome[]): OutcomeSummary {
  const exits: Record<ExitKind, number> = { resold: 0, similar: 0, unsold: 0, censored: 0 }
  for (const { exit } of outcomes) exits[exit.kind]++
  const judged = outcomes.filter(({ exit }) => exit.kind !== 'censored')
  const resold = outcomes.filter(({ exit }) => exit.kind === 'resold')
  const expectedGainUsd = sum(judged, ({ gainUsd, fill }) => gainUsd * fill)
  return {
    picks: outcomes.length,
    exits,
    spentUsd: sum(outcomes, ({ offer }) => offer.askUsd),
    gainedShare: sum(judged, gained) / judged.length,
    medianReturn: median(judged.map(returnOf)),
    returnOnSpend: sum(judged, ({ gainUsd }) => gainUsd) / sum(judged, ({ offer }) => offer.askUsd),
    expectedReturn: expectedGainUsd / sum(judged, ({ offer, fill }) => offer.askUsd * fill),
    expectedGainUsd,
    expectedGainOverMarketUsd: sum(judged, ({ gainOverMarketUsd, fill }) => gainOverMarketUsd * fill),
    meanFill: sum(outcomes, ({ fill }) => fill) / outcomes.length,
    resales: resold.length,
    resaleGainedShare: sum(resold, gained) / resold.length,
    resaleMedianReturn: median(resold.map(returnOf)),
  }
}

export const returnOf = ({ gainUsd, offer }: Outcome): number => gainUsd / offer.askUsd

const gained = ({ gainUsd }: Outcome): number => (gainUsd > 0 ? 1 : 0)

const sum = (outcomes: readonly Outcome[], read: (outcome: Outcome) => number): number =>
  outcomes.reduce((total, outcome) => total + read(outcome), 0)
