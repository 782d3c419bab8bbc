/** Where market and class stand, relative to the reference level. */
import { hourMillis } from '#lib/clock/durations.ts'
import type { OrderStatistics } from '#lib/market/levels/order-statistics.ts'
import { type LevelSpan, type Levels, levelSpans, type RollingLevels, referenceOf } from '#lib/market/levels/rolling-level.ts'
import type { MeasureDefinition, MeasureGroup } from './measure-group.ts'

export type LevelInput = Readonly<{ levels: RollingLevels; market: Levels; class: Levels; asOf: number }>

const spans = Object.keys(levelSpans) as LevelSpan[]

const definitions: MeasureDefinition[] = [
  [
    'market.reference',
    'reference level, log dollars: midmean of log price over 6 h if that has 50 sales, else 24 h if it has 20, else 7 days',
  ],
  ...spans.map((span): MeasureDefinition => [`market.${span}`, `midmean of the market over ${span} less the reference`]),
  ['market.q10', 'lowest decile of the sales in the span of the reference, less the reference'],
  ['market.q25', 'their lower quartile, less the reference'],
  ['market.q75', 'their upper quartile, less the reference'],
  ['market.q90', 'their highest decile, less the reference'],
  ...spans.map((span): MeasureDefinition => [`class.${span}`, `midmean of the class over ${span} less the reference`]),
  [
    'class.q10',
    'lowest decile of the class, over its own 6 h if that has 50 sales, else 24 h if it has 20, else 7 days, less the reference',
  ],
  ['class.q25', 'lower quartile of the same'],
  ['class.q50', 'median of the same'],
  ['class.q75', 'upper quartile of the same'],
  ['market.salesLastHour', 'sales in the last hour'],
  ['market.salesPerHour', 'sales in the last 24 hours, by the hour'],
  ['class.salesPerHour', 'sales of the class in the last 24 hours, by the hour'],
]

const less = (value: number | null | undefined, reference: number): number => (value ?? Number.NaN) - reference

const quantiles = (into: number[], prices: OrderStatistics | null, shares: readonly number[], reference: number): void => {
  for (const share of shares) into.push(less(prices?.quantile(share), reference))
}

export const levelMeasures: MeasureGroup<LevelInput> = {
  definitions,
  write(into, input) {
    const prices = referenceOf(input.market)
    const reference = prices?.midmean() ?? Number.NaN
    into.push(reference)
    for (const span of spans) into.push(less(input.market[span].midmean(), reference))
    quantiles(into, prices, [0.1, 0.25, 0.75, 0.9], reference)
    for (const span of spans) into.push(less(input.class[span].midmean(), reference))
    quantiles(into, referenceOf(input.class), [0.1, 0.25, 0.5, 0.75], reference)
    into.push(input.levels.salesAfter(input.asOf - hourMillis), input.market.hours24.count() / 24, input.class.hours24.count() / 24)
  },
}
