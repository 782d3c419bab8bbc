import { dayMillis } from '#lib/clock/durations.ts'
import type { Opportunity } from './opportunity.ts'
import type { ExecutionSettings } from './settings.ts'
import { dayOf } from './strategies.ts'

export type Day = Readonly<{
  /** `2022-04-14`. */
  day: string
  number: number
  listings: number
  /** The share of the hours its purchases had to be sold in that hold any sale: mean over its listings. */
  observedShare: number
  /** Whole, and enough of the hours after it was seen: intervals are taken over such days. */
  counts: boolean
}>

/** @param span of the market that was played, milliseconds, half open */
export function daysOf(
  opportunities: readonly Opportunity[],
  span: Readonly<{ from: number; to: number }>,
  { leastObserved }: Pick<ExecutionSettings, 'leastObserved'>,
): Day[] {
  const byDay = Map.groupBy(opportunities, ({ offer }) => dayOf(offer))
  return [...byDay].map(([number, found]) => {
    const observedShare = found.reduce((sum, one) => sum + one.observedShare, 0) / found.length
    const isWhole = number * dayMillis >= span.from && (number + 1) * dayMillis <= span.to
    return {
      day: new Date(number * dayMillis).toISOString().slice(0, 10),
      number,
      listings: found.length,
      observedShare,
      counts: isWhole && observedShare >= leastObserved,
    }
  })
}
