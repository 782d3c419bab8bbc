/**
 * What recent sales say beyond what the axies are worth by themselves: residuals r = e less the level of e (see residual-levels.ts), of
 * the market's parts, of an axie's likes, and of itself. They tell whether the likes of an axie fetch more or less than the item model
 * thinks. Means and medians of few sales are drawn towards 0, which is what the item model says. All unknown without an item model.
 */

import { type RungName, rungNumber } from '#lib/axie/similarity.ts'
import { dayMillis } from '#lib/clock/durations.ts'
import { salesMillis } from '#lib/market/horizons.ts'
import type { OrderStatistics } from '#lib/market/levels/order-statistics.ts'
import type { ResidualLevels } from '#lib/market/levels/residual-levels.ts'
import { type Levels, referenceOf } from '#lib/market/levels/rolling-level.ts'
import type { SaleHistory, SaleNumber } from '#lib/market/memory/sale-history.ts'
import { createDecay } from './decay.ts'
import type { MeasureDefinition, MeasureGroup } from './measure-group.ts'
import { lastSaleOf } from './own-measures.ts'
import { createWeighted, insertWeighted, mergeWeighted, totalWeight, weightedQuantile } from './weighted.ts'

export type ResidualInput = Readonly<{
  levels: ResidualLevels
  sales: SaleHistory
  classNumber: number
  /** Where each rung begins: `sales.newestLikes` of the axie. */
  newestLikes: ArrayLike<SaleNumber>
  tokenId: string
  asOf: number
  /** What the item model says of this axie; null where there is no item model. */
  effect: number | null
}>

const rungs: readonly RungName[] = ['cb', 'cbt', 'cbm', 'ctm', 'cmh', 'c4', 'c4b', 'n4b', 'six', 'full']
const rungNumbers = rungs.map(rungNumber)
/** The newest sales under a key that are looked at. */
const maxSales = 12
/** A mean over a class or tier is drawn to 0 as if this many sales had said so. */
const priorSales = 8
const pooled: readonly RungName[] = ['full', 'six', 'c4b', 'c4', 'cbt', 'cb']
const poolWeights = rungs.map((name) => (pooled.includes(name) ? 4 ** -pooled.indexOf(name) : 0))

const definitions: MeasureDefinition[] = [
  ['residual.effect', 'log price less level that the item model expects of such an axie'],
  [
    'residual.reference',
    'level of e, log dollars: midmean over 6 h if that has 50 sales, else 24 h if it has 20, else 7 days; e = log price less item effect',
  ],
  ['residual.hours1', 'midmean of e over 1 h less that level'],
  ['residual.hours24', 'the same over 24 h'],
  ['residual.days7', 'the same over 7 days'],
  ['residual.q10', 'lowest decile of e in the span of the level, less the level'],
  ['residual.q90', 'highest decile of the same'],
  ...(['class', 'tier'] as const).flatMap((scope): MeasureDefinition[] =>
    [1, 6, 24].map((hours) => [
      `residual.${scope}.hours${hours}`,
      `midmean of e over ${hours} h, of the ${scope === 'class' ? 'class' : 'price tier'}, less the level, × n / (n + ${priorSales})`,
    ]),
  ),
  ...rungs.flatMap((name): MeasureDefinition[] => [
    [`residual.${name}.last`, `residual of the newest sale of equal ${name}`],
    [`residual.${name}.median`, `median residual of the newest ${maxSales} × n / (n + 1)`],
    [`residual.${name}.weighted`, 'their mean, weighted by 2^(-age / day), and one more of residual 0 and weight 1'],
    [`residual.${name}.minimum`, 'their lowest residual'],
  ]),
  ['residual.pool.median', `median residual over ${pooled.join(', ')}, weighted by 4^-rank × 2^(-age / day)`],
  ['residual.pool.weight', 'sum of these weights'],
  ['residual.own', 'residual of the last sale of this axie'],
]

const values = new Float64Array(maxSales)
const weights = new Float64Array(maxSales)
const decay = createDecay(dayMillis)
/** The same residuals in ascending order, and all of the rungs that are pooled. */
const sorted = createWeighted(maxSales)
const pool = createWeighted(pooled.length * maxSales)

/** The newest residuals on one rung, and 2^(-age / day) of each. Reused from call to call: the fold runs in one thread. */
function collect({ sales, newestLikes, asOf }: ResidualInput, rung: number): number {
  let count = 0
  for (let sale = newestLikes[rung] as SaleNumber; sale !== 0 && count < maxSales; sale = sales.olderLike(rung, sale)) {
    const soldAt = sales.soldAt(sale)
    if (soldAt <= asOf - salesMillis) break
    const residual = sales.residual(sale)
    if (Number.isNaN(residual)) continue
    values[count] = residual
    weights[count] = decay(Math.max(0, asOf - soldAt))
    count += 1
  }
  return count
}

function sort(count: number): void {
  sorted.count = 0
  for (let index = 0; index < count; index += 1) insertWeighted(sorted, values[index] as number, weights[index] as number)
}

const median = ({ count, values }: typeof sorted): number => ((values[(count - 1) >> 1] as number) + (values[count >> 1] as number)) / 2

function writeRung(into: number[], count: number): void {
  if (count === 0) {
    into.push(Number.NaN, Number.NaN, Number.NaN, Number.NaN)
    return
  }
  let [sum, total] = [0, 1]
  for (let index = 0; index < count; index += 1) {
    sum += (weights[index] as number) * (values[index] as number)
    total += weights[index] as number
  }
  into.push(values[0] as number, (median(sorted) * count) / (count + 1), sum / total, sorted.values[0] as number)
}

function writeLevels(into: number[], market: Levels, scopes: readonly Levels[]): void {
  const prices = referenceOf(market)
  const reference = prices?.midmean() ?? Number.NaN
  const less = (value: number | null | undefined): number => (value ?? Number.NaN) - reference
  into.push(reference, less(market.hours1.midmean()), less(market.hours24.midmean()), less(market.days7.midmean()))
  into.push(less(prices?.quantile(0.1)), less(prices?.quantile(0.9)))
  const drawn = (e: OrderStatistics): number => (less(e.midmean()) * e.count()) / (e.count() + priorSales)
  for (const { hours1, hours6, hours24 } of scopes) into.push(drawn(hours1), drawn(hours6), drawn(hours24))
}

export const residualMeasures: MeasureGroup<ResidualInput> = {
  definitions,
  write(into, input) {
    const { levels, sales, classNumber, tokenId, asOf, effect } = input
    if (effect === null) {
      for (const _ of definitions) into.push(Number.NaN)
      return
    }
    const { market, class: ofClass, tier } = levels.at(asOf, classNumber, effect)
    into.push(effect)
    writeLevels(into, market, [ofClass, tier])
    pool.count = 0
    for (let rung = 0; rung < rungs.length; rung += 1) {
      const count = collect(input, rungNumbers[rung] as number)
      sort(count)
      writeRung(into, count)
      const rungWeight = poolWeights[rung] as number
      if (rungWeight > 0) mergeWeighted(pool, sorted, rungWeight)
    }
    const total = totalWeight(pool)
    into.push(weightedQuantile(pool, total, 0.5), total)
    const own = lastSaleOf(sales, tokenId, asOf)
    into.push(own === 0 ? Number.NaN : sales.residual(own))
  },
}
