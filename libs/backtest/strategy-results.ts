/** The alerts beside what anyone could have bought of the same listings. */
import { hourMillis } from '#lib/market/horizons.ts'
import { bootstrap, type Interval, intervalOf } from './bootstrap.ts'
import type { Candidate } from './candidate.ts'
import type { ExecutionSettings, Outcome } from './execution.ts'
import { type OutcomeSummary, summarise } from './outcome-summary.ts'
import type { SaleBook } from './sale-book.ts'
import { isBelowFloor, passesSimilarSaleRule, randomPicks } from './strategies.ts'

export type StrategyResult = Readonly<{
  name: string
  summary: OutcomeSummary
  /** Of 95%: for the random buyer over draws, else over resampled hours. */
  intervals: Readonly<Partial<Record<IntervalName, Interval | null>>>
}>

const intervalNames = [
  'gainedShare',
  'medianReturn',
  'returnOnSpend',
  'expectedReturn',
  'expectedGainUsd',
  'resaleGainedShare',
  'resaleMedianReturn',
] as const
export type IntervalName = (typeof intervalNames)[number]

export type Judging = Readonly<{ book: SaleBook; execution: ExecutionSettings; seed: number; bootstrapRounds: number }>

const randomDraws = 200

/** @param outcomes of every listing; `alerted` are among them */
export function strategyResults(outcomes: readonly Outcome[], alerted: readonly Outcome[], judging: Judging): StrategyResult[] {
  const { book, execution } = judging
  const picked = (name: string, buys: (candidate: Candidate) => boolean) =>
    strategyResult(
      name,
      outcomes.filter(({ offer }) => buys(offer as Candidate)),
      judging,
    )
  return [
    strategyResult('alerts', alerted, judging),
    picked('similar-sale rule', (candidate) => passesSimilarSaleRule(candidate, execution.feeRatio)),
    picked('buy the floor', (candidate) => isBelowFloor(candidate, book)),
    randomBuyer(outcomes, alerted, judging),
    picked('everything', () => true),
  ]
}

function strategyResult(name: string, outcomes: readonly Outcome[], { seed, bootstrapRounds }: Judging): StrategyResult {
  // Of everything, resampling tells next to nothing and takes longest.
  const rounds = name === 'everything' ? 100 : bootstrapRounds
  return { name, summary: summarise(outcomes), intervals: hourlyIntervals(outcomes, { seed, rounds }) }
}

export const hourlyIntervals = (outcomes: readonly Outcome[], { seed, rounds }: Readonly<{ seed: number; rounds: number }>) =>
  bootstrap(outcomes, intervalStatistics, { seed, rounds, clusterOf: hourOf })

/** Alerts of an hour meet the same market and often the same seller. */
const hourOf = ({ boughtAt }: Outcome): number => Math.floor(boughtAt / hourMillis)

const intervalStatistics = (outcomes: readonly Outcome[]): Record<IntervalName, number> => {
  const summary = summarise(outcomes)
  return Object.fromEntries(intervalNames.map((name) => [name, summary[name]])) as Record<IntervalName, number>
}

/** The mean of many draws, and where 95% of them lie. */
function randomBuyer(outcomes: readonly Outcome[], alerted: readonly Outcome[], { seed }: Judging): StrategyResult {
  const outcomeOf = new Map(outcomes.map((outcome) => [outcome.offer as Candidate, outcome]))
  const wanted = alerted.map(({ offer }) => offer as Candidate)
  const draws = Array.from({ length: randomDraws }, (_, draw) =>
    summarise(randomPicks([...outcomeOf.keys()], wanted, seed * randomDraws + draw).map((pick) => outcomeOf.get(pick) as Outcome)),
  )
  const intervals = intervalNames.map((name) => [name, intervalOf(finite(draws.map((summary) => summary[name])), randomDraws)])
  return { name: 'random, as many', summary: meanSummary(draws), intervals: Object.fromEntries(intervals) }
}

/** Member by member; draws of which a share cannot be taken are left out of its mean. */
function meanSummary(draws: readonly OutcomeSummary[]): OutcomeSummary {
  const meanOf = (values: readonly number[]): number => finite(values).reduce((sum, value) => sum + value, 0) / finite(values).length
  const members = Object.keys(draws[0] ?? {}).filter((name) => name !== 'exits') as Exclude<keyof OutcomeSummary, 'exits'>[]
  const kinds = Object.keys(draws[0]?.exits ?? {}) as (keyof OutcomeSummary['exits'])[]
  return Object.fromEntries([
    ...members.map((name) => [name, meanOf(draws.map((summary) => summary[name]))]),
    ['exits', Object.fromEntries(kinds.map((kind) => [kind, meanOf(draws.map(({ exits }) => exits[kind]))]))],
  ]) as OutcomeSummary
}

const finite = (values: readonly number[]): number[] => values.filter(Number.isFinite)
