/** What one account was worth at every hour: money, what is on offer and what is stuck, kept apart. Nothing stands at its cost. */

import { hourMillis } from '#lib/clock/durations.ts'
import { isSold, liquidationUsd, type Trade } from './account.ts'
import { likeUsdOf } from './opportunity.ts'
import type { SaleBook } from './sale-book.ts'
import type { ExecutionSettings } from './settings.ts'

export type CurvePoint = Readonly<{
  at: number
  cashUsd: number
  /** What is on offer, at its liquidation value: a share of what its like had sold for by then, after the fee. */
  offeredUsd: number
  /** What found no buyer in its time, at the liquidation value of its end. */
  stuckUsd: number
}>

export const worthOf = ({ cashUsd, offeredUsd, stuckUsd }: CurvePoint): number => cashUsd + offeredUsd + stuckUsd

/** Hour by hour, until nothing is on offer any more. */
export function curveOf(
  trades: readonly Trade[],
  book: SaleBook,
  settings: ExecutionSettings,
  span: Readonly<{ from: number; to: number }>,
): CurvePoint[] {
  const end = Math.max(span.to, ...trades.map(({ exit }) => exit.at))
  const points: CurvePoint[] = []
  for (let at = Math.floor(span.from / hourMillis) * hourMillis; at <= end + hourMillis; at += hourMillis) {
    let [cashUsd, offeredUsd, stuckUsd] = [settings.capitalUsd, 0, 0]
    for (const trade of trades) {
      const { opportunity, exit, gainUsd } = trade
      if (opportunity.boughtAt > at) continue
      cashUsd -= opportunity.costUsd
      if (exit.at > at) offeredUsd += liquidationUsd(likeUsdOf(book, opportunity.offer, Math.min(at, book.end), settings), settings)
      else if (isSold(trade)) cashUsd += opportunity.costUsd + gainUsd
      else stuckUsd += opportunity.costUsd + gainUsd
    }
    points.push({ at, cashUsd, offeredUsd, stuckUsd })
  }
  return points
}

/** How far below its highest so far, at every point: shares. */
export function drawdownsOf(points: readonly CurvePoint[], capitalUsd: number): { at: number; ratio: number }[] {
  let highest = capitalUsd
  return points.map((point) => {
    highest = Math.max(highest, worthOf(point))
    return { at: point.at, ratio: 1 - worthOf(point) / highest }
  })
}
