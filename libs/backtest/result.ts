/** From what was decided and what really happened to the numbers of the report. Pure: the same input and seed, the same bytes. */

import { basename } from 'node:path'
import { dayMillis } from '#lib/clock/durations.ts'
import type { Interval } from '#lib/numbers/interval.ts'
import { rulesHashOf } from '#lib/rules/rule-set.ts'
import type { Source } from '#schemas/types.ts'
import packageJson from '../../package.json' with { type: 'json' }
import { type ForecastQuality, forecastQuality, isBargain, type ListingExit } from './forecast-quality.ts'
import type { LookaheadResult } from './lookahead.ts'
import type { MissReason, Trade } from './money/account.ts'
import { type AccountFigures, accountFigures } from './money/account-figures.ts'
import type { Candidate } from './money/candidate.ts'
import { fixed, moneyOf } from './money/contest.ts'
import type { CurvePoint } from './money/curve.ts'
import { daysOf } from './money/days.ts'
import { judgeMoney, type Money, type MoneyCase } from './money/judge-money.ts'
import { discountOf, fillProbability, nextExitOf, type Opportunity, opportunityOf, ownSaleOf, type Race } from './money/opportunity.ts'
import { summarisePicks } from './money/picks.ts'
import type { SaleBook } from './money/sale-book.ts'
import type { ExecutionSettings } from './money/settings.ts'
import { isAlerted, oncePerListing } from './money/strategies.ts'
import type { Played, RecordedAlerts } from './played.ts'
import type { SweepPoint } from './sweep.ts'

/** What `backtest --json` prints. Each key is described in docs/notes; dollars, shares of 1, times in UTC. */
export type BacktestResult = Readonly<
  {
    command: 'backtest'
    version: string
    source: Source
    input: Readonly<{ name: string; kind: 'sales' | 'archive'; events: number; firstSale: string; lastSale: string }>
    race: Race
    played: Readonly<{ from: string; to: string; days: number; listings: number; refused: Readonly<Record<string, number>> }>
    seed: number
    backend: string
    rules: Readonly<{ name: string; hash: string }>
    execution: ExecutionSettings
    models: readonly Readonly<{
      from: string
      to: string | null
      modelId: string
      trainedUntil: string | null
      trainedOnSales: number | null
    }>[]
    forecast: ForecastQuality
    decisions: Readonly<{ alerts: number; refusals: Readonly<Record<string, number>> }>
    /** Axies that were really sold again in time: what of it the alerts would have caught. */
    resales: Readonly<{
      observed: number
      gained: number
      gainedUsd: number
      caught: number
      caughtGained: number
      caughtGainedUsd: number
    }>
    precisionAt: readonly Readonly<{ k: number; alerts: number; gainedShare: number }>[]
    portfolio: PortfolioResult
    fillCurve: readonly Readonly<{ competition: number; meanFill: number; expectedGainUsd: number; expectedReturn: number }>[]
    sweep: readonly SweepResult[]
    lookahead: LookaheadResult | null
    recordedAlerts: RecordedAlerts | null
  } & Omit<Money, 'account'>
>

/** One account through all days, in the first draw of luck: what the curve and the trades are of. */
export type PortfolioResult = Readonly<{
  bought: number
  missed: Readonly<Record<MissReason, number>>
  figures: AccountFigures
  curve: readonly CurvePoint[]
  trades: readonly TradeRow[]
}>

export type TradeRow = Readonly<{
  listingId: string
  boughtAt: string
  askUsd: number
  forecastUsd: number
  /** Asked first, and where from. */
  firstPriceUsd: number
  firstPriceFrom: 'alike' | 'forecast'
  exit: Trade['exit']['kind']
  exitAt: string
  exitUsd: number
  gainUsd: number
  return: number
}>

export type SweepResult = Readonly<{
  values: Readonly<Record<string, number>>
  alerts: number
  gainedShare: number
  expectedReturn: number
  expectedGainUsd: number
  usdPerDay: number
  interval: Interval | null
}>

export type Assessment = Readonly<{
  name: string
  kind: 'sales' | 'archive'
  played: Played
  book: SaleBook
  execution: ExecutionSettings
  beside: MoneyCase['beside']
  /** Each point's verdicts stand at `ruleSet` in a candidate's. */
  sweep: readonly Readonly<{ point: SweepPoint; ruleSet: number }>[]
  seed: number
}>

const competitions = [0, 1, 2, 3, 4, 5, 6, 8, 10, 12]
const iso = (millis: number): string => new Date(millis).toISOString()

export function assess(assessment: Assessment): BacktestResult {
  const { book, execution, seed, played, beside } = assessment
  const { candidates, models, span, race } = played
  const [rules] = played.ruleSets
  const { account, ...money } = judgeMoney({ candidates, book, settings: execution, race, span, seed, beside })
  const alerts = candidates.filter((candidate) => isAlerted(candidate))
  const listings = oncePerListing(candidates).map((candidate) => opportunityOf(book, candidate, execution, race))
  const alerted = oncePerListing(alerts).map((candidate) => opportunityOf(book, candidate, execution, race))
  const exitSeen = (offer: Candidate): ListingExit => ({ candidate: offer, exitUsd: nextExitOf(book, offer, execution)?.usd ?? null })
  return {
    command: 'backtest',
    version: packageJson.version,
    source: played.source,
    input: {
      name: basename(assessment.name),
      kind: assessment.kind,
      events: played.events.length,
      firstSale: iso(book.begin),
      lastSale: iso(book.end),
    },
    race,
    played: {
      from: iso(span.from),
      to: iso(span.to),
      days: Math.ceil((span.to - span.from) / dayMillis),
      listings: candidates.length,
      refused: played.refused,
    },
    seed,
    backend: `${played.backend.backend} (tfjs ${played.backend.version})`,
    rules: { name: rules.name, hash: rulesHashOf(rules) },
    execution,
    models: models.map(({ from, to, modelId, trainedUntil, trainedOnSales }) => ({
      from: iso(from),
      to: to === null ? null : iso(to),
      modelId,
      trainedUntil: trainedUntil === null ? null : iso(trainedUntil),
      trainedOnSales,
    })),
    ...money,
    forecast: forecastQuality(
      candidates.filter((candidate) => ownSaleOf(book, candidate) !== undefined),
      alerted.map(({ offer }) => exitSeen(offer)),
      oncePerListing(candidates.filter(isBargain)).map(exitSeen),
    ),
    decisions: { alerts: alerts.length, refusals: refusalsOf(candidates) },
    resales: resalesOf(listings, execution),
    precisionAt: precisionOf(alerted, execution),
    portfolio: portfolioOf(account, assessment),
    fillCurve: race === 'observed' ? [] : fillCurveOf(alerted, execution),
    sweep: assessment.sweep.map((one) => sweepResult(one, assessment)),
    lookahead: played.lookahead,
    recordedAlerts: played.recordedAlerts,
  }
}

function resalesOf(opportunities: readonly Opportunity[], execution: ExecutionSettings): BacktestResult['resales'] {
  const resold = opportunities.filter(({ chances }) => chances[0]?.own === true)
  const gainOf = (one: Opportunity): number => summarisePicks([one], execution).returnOnSpend * one.offer.askUsd
  const gained = resold.filter((one) => gainOf(one) > 0)
  const caught = (from: readonly Opportunity[]) => from.filter(({ offer }) => isAlerted(offer))
  const gains = (from: readonly Opportunity[]) => from.reduce((sum, one) => sum + gainOf(one), 0)
  return {
    observed: resold.length,
    gained: gained.length,
    gainedUsd: gains(gained),
    caught: caught(resold).length,
    caughtGained: caught(gained).length,
    caughtGainedUsd: gains(caught(gained)),
  }
}

function refusalsOf(candidates: readonly Candidate[]): Record<string, number> {
  const reasons = Map.groupBy(candidates, ({ verdicts }) => verdicts[0]?.refusal ?? '')
  reasons.delete('')
  return Object.fromEntries([...reasons].map(([reason, { length }]) => [reason, length] as const).sort((one, other) => other[1] - one[1]))
}

/** The share that gained, among the k alerts that promised most for their ask. */
function precisionOf(alerted: readonly Opportunity[], execution: ExecutionSettings): BacktestResult['precisionAt'] {
  const promise = ({ offer }: Opportunity): number => offer.promisedUsd / offer.askUsd
  const ranked = [...alerted].sort((one, other) => promise(other) - promise(one))
  return [10, 25, 50, 100, 200]
    .filter((k) => k <= ranked.length)
    .map((k) => ({ k, alerts: ranked.length, gainedShare: summarisePicks(ranked.slice(0, k), execution).gainedShare }))
}

function portfolioOf({ trades, missed, curve }: Money['account'], { execution, book }: Assessment): PortfolioResult {
  return {
    bought: trades.length,
    missed,
    figures: accountFigures(trades, curve, { book, settings: execution }),
    curve,
    trades: trades.map(({ opportunity: { offer, boughtAt, firstPrice }, exit, gainUsd }) => ({
      listingId: offer.listingId,
      boughtAt: iso(boughtAt),
      askUsd: offer.askUsd,
      forecastUsd: offer.quantilesUsd[2] as number,
      firstPriceUsd: firstPrice.usd,
      firstPriceFrom: firstPrice.from,
      exit: exit.kind,
      exitAt: iso(exit.at),
      exitUsd: exit.priceUsd,
      gainUsd,
      return: gainUsd / offer.askUsd,
    })),
  }
}

/** How much is left of it the harder the race is. */
function fillCurveOf(alerted: readonly Opportunity[], execution: ExecutionSettings): BacktestResult['fillCurve'] {
  return competitions.map((competition) => {
    const raced = alerted.map((one) => ({ ...one, fill: fillProbability(discountOf(one), { ...execution, competition }) }))
    const { meanFill, expectedGainUsd, expectedReturn } = summarisePicks(raced, execution)
    return { competition, meanFill, expectedGainUsd, expectedReturn }
  })
}

function sweepResult({ point, ruleSet }: Assessment['sweep'][number], { book, seed, played }: Assessment): SweepResult {
  const { candidates, span, race } = played
  const settings = point.execution
  const opportunities = oncePerListing(candidates).map((candidate) => opportunityOf(book, candidate, settings, race))
  const picks = opportunities.filter(({ offer }) => isAlerted(offer, ruleSet))
  const { gainedShare, expectedReturn, expectedGainUsd } = summarisePicks(picks, settings)
  const { usdPerDay, interval } = moneyOf(fixed('', picks), { days: daysOf(opportunities, span, settings), settings, seed })
  return { values: point.values, alerts: picks.length, gainedShare, expectedReturn, expectedGainUsd, usdPerDay, interval }
}
