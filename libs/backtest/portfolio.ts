/** One person's money, alert after alert: what was bought, what was missed and why, and what it was worth at every moment. */
import { dayMillis } from '#lib/market/horizons.ts'
import { median } from '#lib/numbers/median.ts'
import { type ExecutionSettings, isSold, type Outcome } from './execution.ts'

export type MissReason = 'taken by someone else' | 'dearer than one purchase may be' | 'not enough money left' | 'too many positions'

export type Portfolio = Readonly<{
  bought: readonly Outcome[]
  missed: Readonly<Record<MissReason, number>>
  /** Money, and what is held at its price (unsold: at its mark where that is lower, from then on), after each purchase and exit. */
  equity: readonly EquityPoint[]
}>

export type EquityPoint = Readonly<{ at: number; equityUsd: number; investedUsd: number }>

/**
 * @param outcomes in the order of listing
 * @param luckOf in [0, 1), the same for the same listing: below the fill probability, nobody else was faster
 */
export function runPortfolio(outcomes: readonly Outcome[], settings: ExecutionSettings, luckOf: (listingId: string) => number): Portfolio {
  const bought: Outcome[] = []
  const missed: Record<MissReason, number> = {
    'taken by someone else': 0,
    'dearer than one purchase may be': 0,
    'not enough money left': 0,
    'too many positions': 0,
  }
  const equity: EquityPoint[] = []
  /** By time of exit. Unsold ones stay here for ever, at their mark. */
  let open: { outcome: Outcome; valueUsd: number; ended: boolean }[] = []
  let cashUsd = settings.capitalUsd

  const record = (at: number): void => {
    const investedUsd = open.reduce((sum, { valueUsd }) => sum + valueUsd, 0)
    equity.push({ at, equityUsd: cashUsd + investedUsd, investedUsd })
  }
  const endUntil = (time: number): void => {
    const due = open.filter(({ ended, outcome }) => !ended && outcome.exit.at <= time).sort((a, b) => a.outcome.exit.at - b.outcome.exit.at)
    for (const position of due) {
      const { exit, offer, gainUsd } = position.outcome
      position.ended = true
      position.valueUsd = offer.askUsd + settings.gasUsd + gainUsd
      if (isSold(exit)) {
        cashUsd += position.valueUsd
        open = open.filter((one) => one !== position)
      }
      record(exit.at)
    }
  }

  for (const outcome of outcomes) {
    endUntil(outcome.boughtAt)
    const costUsd = outcome.offer.askUsd + settings.gasUsd
    const miss = missOf(outcome, costUsd, { cashUsd, positions: open.length }, settings, luckOf)
    if (miss !== null) {
      missed[miss]++
      continue
    }
    cashUsd -= costUsd
    open.push({ outcome, valueUsd: outcome.offer.askUsd, ended: false })
    bought.push(outcome)
    record(outcome.boughtAt)
  }
  endUntil(Number.POSITIVE_INFINITY)
  return { bought, missed, equity }
}

function missOf(
  { offer, fill }: Outcome,
  costUsd: number,
  { cashUsd, positions }: { cashUsd: number; positions: number },
  settings: ExecutionSettings,
  luckOf: (listingId: string) => number,
): MissReason | null {
  if (offer.askUsd > settings.perTradeUsd) return 'dearer than one purchase may be'
  if (positions >= settings.maximumPositions) return 'too many positions'
  if (costUsd > cashUsd) return 'not enough money left'
  return luckOf(offer.listingId) < fill ? null : 'taken by someone else'
}

export type PortfolioFigures = Readonly<{
  finalEquityUsd: number
  profitUsd: number
  profitOverMarketUsd: number
  /** Gains / losses; null without losses. */
  profitFactor: number | null
  /** Mean gain of a purchase. */
  expectancyUsd: number | null
  /** Share of purchases that gained. */
  hitRate: number | null
  /** Of the highest equity before it. */
  maximumDrawdownRatio: number
  /** Money spent / capital. */
  turnover: number
  /** Mean over time of what is invested / equity. */
  exposureRatio: number
  medianHoursHeld: number | null
  /** Of daily returns, not annualised; null below 30 days. */
  sharpeDaily: number | null
  sortinoDaily: number | null
}>

const leastDaysForRatios = 30

/** @param span of the market that was played, milliseconds */
export function figuresOf(
  { bought, equity }: Portfolio,
  { capitalUsd }: ExecutionSettings,
  span: Readonly<{ from: number; to: number }>,
): PortfolioFigures {
  const gains = bought.map(({ gainUsd }) => gainUsd)
  const [won, lost] = [gains.filter((gain) => gain > 0), gains.filter((gain) => gain <= 0)]
  const held = bought.filter(({ exit }) => isSold(exit))
  const daily = dailyReturns(equity, capitalUsd, span)
  const finalEquityUsd = equity.at(-1)?.equityUsd ?? capitalUsd
  return {
    finalEquityUsd,
    profitUsd: finalEquityUsd - capitalUsd,
    profitOverMarketUsd: sum(bought.map(({ gainOverMarketUsd }) => gainOverMarketUsd)),
    profitFactor: sum(lost) === 0 ? null : sum(won) / -sum(lost),
    expectancyUsd: gains.length === 0 ? null : sum(gains) / gains.length,
    hitRate: gains.length === 0 ? null : won.length / gains.length,
    maximumDrawdownRatio: Math.max(0, ...drawdowns(equity, capitalUsd).map(({ ratio }) => ratio)),
    turnover: sum(bought.map(({ offer }) => offer.askUsd)) / capitalUsd,
    exposureRatio: exposureOf(equity, span),
    medianHoursHeld: held.length === 0 ? null : median(held.map(({ boughtAt, exit }) => (exit.at - boughtAt) / 3_600_000)),
    sharpeDaily: daily.length < leastDaysForRatios ? null : mean(daily) / deviation(daily),
    sortinoDaily: daily.length < leastDaysForRatios ? null : mean(daily) / Math.sqrt(mean(daily.map((one) => Math.min(0, one) ** 2))),
  }
}

/** How far below its highest, at every point. */
export function drawdowns(equity: readonly EquityPoint[], capitalUsd: number): { at: number; ratio: number }[] {
  let highest = capitalUsd
  return equity.map(({ at, equityUsd }) => {
    highest = Math.max(highest, equityUsd)
    return { at, ratio: 1 - equityUsd / highest }
  })
}

function exposureOf(equity: readonly EquityPoint[], { from, to }: Readonly<{ from: number; to: number }>): number {
  const shares = equity.map(({ at, investedUsd, equityUsd }, index) => {
    const until = Math.min(to, equity[index + 1]?.at ?? to)
    return (investedUsd / equityUsd) * Math.max(0, until - at)
  })
  return to > from ? sum(shares) / (to - from) : 0
}

function dailyReturns(equity: readonly EquityPoint[], capitalUsd: number, { from, to }: Readonly<{ from: number; to: number }>): number[] {
  const returns: number[] = []
  let before = capitalUsd
  for (let day = from + dayMillis; day <= to; day += dayMillis) {
    const now = equity.findLast(({ at }) => at <= day)?.equityUsd ?? capitalUsd
    returns.push(now / before - 1)
    before = now
  }
  return returns
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
const mean = (values: readonly number[]): number => sum(values) / values.length
const deviation = (values: readonly number[]): number =>
  Math.sqrt(sum(values.map((value) => (value - mean(values)) ** 2)) / (values.length - 1))
