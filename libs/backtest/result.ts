/** From what was decided and what really happened to the numbers of the report. Pure: the same input and seed, the same bytes. */
import { basename } from 'node:path'
import { dayMillis } from '#lib/market/horizons.ts'
import { createRandom } from '#lib/numbers/random.ts'
import { rulesHashOf } from '#lib/rules/rule-set.ts'
import type { Source } from '#schemas/types.ts'
import packageJson from '../../package.json' with { type: 'json' }
import type { Interval } from './bootstrap.ts'
import type { Candidate } from './candidate.ts'
import { type ExecutionSettings, fillProbability, type Outcome, outcomeOf, ownSaleOf, type Race } from './execution.ts'
import { type ForecastQuality, forecastQuality } from './forecast-quality.ts'
import type { LookaheadResult } from './lookahead.ts'
import { returnOf, summarise } from './outcome-summary.ts'
import type { Played, RecordedAlerts } from './played.ts'
import { type EquityPoint, figuresOf, type MissReason, type PortfolioFigures, runPortfolio } from './portfolio.ts'
import type { SaleBook } from './sale-book.ts'
import { isAlerted } from './strategies.ts'
import { hourlyIntervals, type StrategyResult, strategyResults } from './strategy-results.ts'
import type { SweepPoint } from './sweep.ts'

export type BacktestResult = Readonly<{
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
  strategies: readonly StrategyResult[]
  /** Axies that were really sold again: what of it the alerts would have caught. */
  resales: Readonly<{ observed: number; gained: number; gainedUsd: number; caught: number; caughtGained: number; caughtGainedUsd: number }>
  precisionAt: readonly Readonly<{ k: number; alerts: number; gainedShare: number }>[]
  portfolio: PortfolioResult
  fillCurve: readonly Readonly<{ competition: number; meanFill: number; expectedGainUsd: number; expectedReturn: number }>[]
  sweep: readonly SweepResult[]
  lookahead: LookaheadResult | null
  recordedAlerts: RecordedAlerts | null
}>

export type PortfolioResult = Readonly<{
  bought: number
  missed: Readonly<Record<MissReason, number>>
  figures: PortfolioFigures
  equity: readonly EquityPoint[]
  trades: readonly TradeRow[]
}>

export type TradeRow = Readonly<{
  listingId: string
  boughtAt: string
  askUsd: number
  forecastUsd: number
  exit: Outcome['exit']['kind']
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
  expectedReturnInterval: Interval | null
  expectedGainUsd: number
  profitUsd: number
}>

export type Assessment = Readonly<{
  name: string
  kind: 'sales' | 'archive'
  played: Played
  book: SaleBook
  execution: ExecutionSettings
  /** Each point's verdicts stand at `ruleSet` in a candidate's. */
  sweep: readonly Readonly<{ point: SweepPoint; ruleSet: number }>[]
  seed: number
  bootstrapRounds: number
}>

const competitions = [0, 1, 2, 3, 4, 5, 6, 8, 10, 12]
const iso = (millis: number): string => new Date(millis).toISOString()

export function assess(assessment: Assessment): BacktestResult {
  const { book, execution, seed, played } = assessment
  const { candidates, models, span, race } = played
  const [rules] = played.ruleSets
  const outcomes = candidates.map((candidate) => outcomeOf(book, candidate, execution, race))
  const alerted = outcomes.filter(({ offer }) => isAlerted(offer as Candidate))
  const sold = candidates.filter((candidate) => ownSaleOf(book, candidate) !== undefined)
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
    forecast: forecastQuality(sold, alerted, execution),
    decisions: { alerts: alerted.length, refusals: refusalsOf(candidates) },
    strategies: strategyResults(outcomes, alerted, assessment),
    resales: resalesOf(outcomes),
    precisionAt: precisionOf(alerted),
    portfolio: portfolioOf(alerted, assessment),
    fillCurve: race === 'observed' ? [] : fillCurveOf(alerted, execution),
    sweep: assessment.sweep.map((one) => sweepResult(one, assessment)),
    lookahead: played.lookahead,
    recordedAlerts: played.recordedAlerts,
  }
}

function refusalsOf(candidates: readonly Candidate[]): Record<string, number> {
  const reasons = Map.groupBy(candidates, ({ verdicts }) => verdicts[0]?.refusal ?? '')
  reasons.delete('')
  return Object.fromEntries([...reasons].map(([reason, { length }]) => [reason, length] as const).sort((one, other) => other[1] - one[1]))
}

function resalesOf(outcomes: readonly Outcome[]): BacktestResult['resales'] {
  const resold = outcomes.filter(({ exit }) => exit.kind === 'resold')
  const gained = resold.filter(({ gainUsd }) => gainUsd > 0)
  const caught = (from: readonly Outcome[]) => from.filter(({ offer }) => isAlerted(offer as Candidate))
  const gains = (from: readonly Outcome[]) => from.reduce((sum, { gainUsd }) => sum + gainUsd, 0)
  return {
    observed: resold.length,
    gained: gained.length,
    gainedUsd: gains(gained),
    caught: caught(resold).length,
    caughtGained: caught(gained).length,
    caughtGainedUsd: gains(caught(gained)),
  }
}

/** Of the k alerts that promised most for their ask, the share that gained. */
function precisionOf(alerted: readonly Outcome[]): BacktestResult['precisionAt'] {
  const promise = ({ offer }: Outcome): number => (offer as Candidate).promisedUsd / offer.askUsd
  const judged = alerted.filter(({ exit }) => exit.kind !== 'censored').sort((one, other) => promise(other) - promise(one))
  return [10, 25, 50, 100, 200]
    .filter((k) => k <= judged.length)
    .map((k) => ({ k, alerts: judged.length, gainedShare: judged.slice(0, k).filter(({ gainUsd }) => gainUsd > 0).length / k }))
}

/** In [0, 1), of the listing and the seed alone: whatever else is bought, the same race ends the same way. */
export function luckFor(seed: number): (listingId: string) => number {
  return (listingId) => {
    let hash = seed | 0
    for (let index = 0; index < listingId.length; index++) hash = Math.imul(hash ^ listingId.charCodeAt(index), 0x01000193)
    return createRandom(hash).uniform()
  }
}

/** Each listing once, however many rules or falling prices brought it up. */
function oncePerListing(outcomes: readonly Outcome[]): Outcome[] {
  const met = new Set<string>()
  return outcomes.filter(({ offer }) => !met.has(offer.listingId) && met.add(offer.listingId))
}

function portfolioOf(alerted: readonly Outcome[], { execution, seed, played: { span } }: Assessment): PortfolioResult {
  const portfolio = runPortfolio(oncePerListing(alerted), execution, luckFor(seed))
  return {
    bought: portfolio.bought.length,
    missed: portfolio.missed,
    figures: figuresOf(portfolio, execution, span),
    equity: portfolio.equity,
    trades: portfolio.bought.map((outcome) => ({
      listingId: outcome.offer.listingId,
      boughtAt: iso(outcome.boughtAt),
      askUsd: outcome.offer.askUsd,
      forecastUsd: (outcome.offer as Candidate).quantilesUsd[2] as number,
      exit: outcome.exit.kind,
      exitAt: iso(outcome.exit.at),
      exitUsd: outcome.exit.priceUsd,
      gainUsd: outcome.gainUsd,
      return: returnOf(outcome),
    })),
  }
}

/** How much is left of it the harder the race is. */
function fillCurveOf(alerted: readonly Outcome[], execution: ExecutionSettings): BacktestResult['fillCurve'] {
  return competitions.map((competition) => {
    const raced = alerted.map((outcome) => ({ ...outcome, fill: fillProbability(outcome.discount, { ...execution, competition }) }))
    const { meanFill, expectedGainUsd, expectedReturn } = summarise(raced)
    return { competition, meanFill, expectedGainUsd, expectedReturn }
  })
}

function sweepResult({ point, ruleSet }: Assessment['sweep'][number], assessment: Assessment): SweepResult {
  const { book, seed, bootstrapRounds } = assessment
  const { candidates, span, race } = assessment.played
  const outcomes = candidates
    .filter((candidate) => isAlerted(candidate, ruleSet))
    .map((candidate) => outcomeOf(book, candidate, point.execution, race))
  const { gainedShare, expectedReturn, expectedGainUsd } = summarise(outcomes)
  const intervals = hourlyIntervals(outcomes, { seed, rounds: bootstrapRounds })
  const portfolio = runPortfolio(oncePerListing(outcomes), point.execution, luckFor(seed))
  return {
    values: point.values,
    alerts: outcomes.length,
    gainedShare,
    expectedReturn,
    expectedReturnInterval: intervals.expectedReturn,
    expectedGainUsd,
    profitUsd: figuresOf(portfolio, point.execution, span).profitUsd,
  }
}
