import { hourMillis } from '#lib/clock/durations.ts'
import { median } from '#lib/numbers/median.ts'
import { isSold, type Trade } from './account.ts'
import { type CurvePoint, drawdownsOf, worthOf } from './curve.ts'
import type { SaleBook } from './sale-book.ts'
import type { ExecutionSettings } from './settings.ts'

export type AccountFigures = Readonly<{
  /** Money, and what is held at its liquidation value. */
  finalWorthUsd: number
  finalCashUsd: number
  /** What was paid for all that found no buyer, and what is counted of it. */
  stuckCostUsd: number
  stuckWorthUsd: number
  profitUsd: number
  /** Less what the same money would have gained by the market's own move. */
  profitOverMarketUsd: number
  /** Gains / losses; null without losses. */
  profitFactor: number | null
  /** Mean gain of a purchase. */
  expectancyUsd: number | null
  /** The share of purchases that was sold at a gain. */
  hitRate: number | null
  /** As a share of the highest worth before it. */
  maximumDrawdownRatio: number
  /** Money spent / capital. */
  turnover: number
  /** Mean over time of what is held / worth. */
  exposureRatio: number
  medianHoursHeld: number | null
  /** From daily returns, not annualised; null below 30 days. */
  sharpeDaily: number | null
  sortinoDaily: number | null
}>

const leastDaysForRatios = 30

export function accountFigures(
  trades: readonly Trade[],
  curve: readonly CurvePoint[],
  { book, settings }: Readonly<{ book: SaleBook; settings: ExecutionSettings }>,
): AccountFigures {
  const gains = trades.map(({ gainUsd }) => gainUsd)
  const [won, lost] = [gains.filter((gain) => gain > 0), gains.filter((gain) => gain <= 0)]
  const [sold, stuck] = [trades.filter(isSold), trades.filter((trade) => !isSold(trade))]
  const { capitalUsd } = settings
  const last = curve.at(-1)
  const daily = dailyReturns(curve)
  return {
    finalWorthUsd: capitalUsd + sum(gains),
    finalCashUsd: last?.cashUsd ?? capitalUsd,
    stuckCostUsd: sum(stuck.map(({ opportunity }) => opportunity.costUsd)),
    stuckWorthUsd: last?.stuckUsd ?? 0,
    profitUsd: sum(gains),
    profitOverMarketUsd: sum(trades.map((trade) => trade.gainUsd - marketGainUsd(trade, book))),
    profitFactor: sum(lost) === 0 ? null : sum(won) / -sum(lost),
    expectancyUsd: gains.length === 0 ? null : sum(gains) / gains.length,
    hitRate: gains.length === 0 ? null : sold.filter(({ gainUsd }) => gainUsd > 0).length / gains.length,
    maximumDrawdownRatio: Math.max(0, ...drawdownsOf(curve, capitalUsd).map(({ ratio }) => ratio)),
    turnover: sum(trades.map(({ opportunity }) => opportunity.offer.askUsd)) / capitalUsd,
    exposureRatio: mean(curve.map((point) => 1 - point.cashUsd / worthOf(point))),
    medianHoursHeld: sold.length === 0 ? null : median(sold.map(({ opportunity, exit }) => (exit.at - opportunity.boughtAt) / hourMillis)),
    sharpeDaily: daily.length < leastDaysForRatios ? null : mean(daily) / deviation(daily),
    sortinoDaily: daily.length < leastDaysForRatios ? null : mean(daily) / Math.sqrt(mean(daily.map((one) => Math.min(0, one) ** 2))),
  }
}

/** What the same money would have gained in the same time by the market's move alone. */
export function marketGainUsd({ opportunity, exit }: Trade, book: SaleBook): number {
  const move = Math.expm1(book.levelAt(exit.at) - book.levelAt(opportunity.boughtAt))
  return Number.isFinite(move) ? opportunity.offer.askUsd * move : 0
}

/** From each midnight to the next. */
function dailyReturns(curve: readonly CurvePoint[]): number[] {
  const worths = curve.filter(({ at }) => at % (24 * hourMillis) === 0).map(worthOf)
  return worths.slice(1).map((worth, index) => worth / (worths[index] as number) - 1)
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
const mean = (values: readonly number[]): number => sum(values) / values.length
const deviation = (values: readonly number[]): number =>
  Math.sqrt(sum(values.map((value) => (value - mean(values)) ** 2)) / (values.length - 1))
