import type { Contribution, Explanation, PriceQuantiles } from '#schemas/types.ts'

/**
 * Why a forecast's median is what it is. Features that are about the same thing count together, or two hundred small effects would hide
 * what they say.
 * @param effects what each column adds to the log of the price
 */
export function explanationOf(
  effects: Float64Array,
  columnNames: readonly string[],
  reasonOf: (column: string) => string,
  { q50 }: PriceQuantiles,
): Explanation {
  const byReason = new Map<string, { effect: number; feature: string; largest: number }>()
  let total = 0
  columnNames.forEach((feature, column) => {
    const effect = effects[column] as number
    total += effect
    const reason = reasonOf(feature)
    const sum = byReason.get(reason) ?? { effect: 0, feature, largest: 0 }
    sum.effect += effect
    if (Math.abs(effect) > sum.largest) [sum.feature, sum.largest] = [feature, Math.abs(effect)]
    byReason.set(reason, sum)
  })
  const contributions = Array.from(byReason, ([reason, { effect, feature }]): Contribution => ({ reason, effect, feature }))
  contributions.sort((a, b) => Math.abs(b.effect) - Math.abs(a.effect))
  return { base: Math.log(q50) - total, contributions }
}

/** What is not worth its ask even if the forecast is a quarter too high needs no reasons: most listings. */
export const isWorthExplaining = ({ q25 }: PriceQuantiles, askUsd: number): boolean => q25 > askUsd
