/** What the likes of an axie just sold for, on every rung of the similarity ladder, and pooled over it. */

import { type RungName, similarityLadder } from '#lib/axie/similarity.ts'
import { hourMillis } from '#lib/clock/durations.ts'
import { salesMillis } from '#lib/market/horizons.ts'
import type { SaleHistory, SaleNumber } from '#lib/market/memory/sale-history.ts'
import { createDecay } from './decay.ts'
import type { MeasureDefinition, MeasureGroup } from './measure-group.ts'
import { createWeighted, insertWeighted, mergeWeighted, totalWeight, weightedQuantile } from './weighted.ts'

export type LadderInput = Readonly<{
  sales: SaleHistory
  /** Where each rung begins: `sales.newestLikes` of the axie. */
  newestLikes: ArrayLike<SaleNumber>
  asOf: number
}>

/** The newest sales under a key that are looked at. */
const maxSales = 8
const halfLifeHours = 12
/** From fine to coarse: a rung weighs a quarter of the one before. */
const pooled: readonly RungName[] = ['full', 'six', 'c4b', 'c4', 'cbt', 'cb']
const poolWeights = similarityLadder.map(({ name }) => (pooled.includes(name) ? 4 ** -pooled.indexOf(name) : 0))

const sales = `the newest ${maxSales} sales of the last 14 days`
const definitions: MeasureDefinition[] = similarityLadder.flatMap(({ name, description }): MeasureDefinition[] => [
  [`${name}.count`, `how many of ${sales} of equal ${description}, that have a relative price`],
  [`${name}.last`, 'relative price of the newest'],
  [`${name}.median`, 'their median relative price'],
  [`${name}.weighted`, `their mean relative price, weighted by 2^(-age / ${halfLifeHours} h)`],
  [`${name}.minimum`, 'their lowest relative price'],
  [`${name}.ageHours`, 'age of the newest, in hours'],
])
definitions.push(
  ['pool.median', `median relative price over ${pooled.join(', ')}, weighted by 4^-rank × 2^(-age / day)`],
  ['pool.weight', 'sum of these weights'],
)

/**
 * Relative prices of the sales on one rung, newest first, and what their age leaves of their weight, at a half-life of 12 hours (of a day,
 * its square root). Reused from call to call: the fold runs in one thread.
 */
const relatives = new Float64Array(maxSales)
const freshness = new Float64Array(maxSales)
const decay = createDecay(halfLifeHours * hourMillis)
let newest: SaleNumber = 0
/** The same sales by price, and all of the rungs that are pooled, at weights of a half-life of a day. */
const sorted = createWeighted(maxSales)
const pool = createWeighted(pooled.length * maxSales)

function collect({ sales, newestLikes, asOf }: LadderInput, rung: number): number {
  let count = 0
  for (let sale = newestLikes[rung] as SaleNumber; sale !== 0 && count < maxSales; sale = sales.olderLike(rung, sale)) {
    const soldAt = sales.soldAt(sale)
    if (soldAt <= asOf - salesMillis) break
    const relative = sales.relative(sale)
    if (Number.isNaN(relative)) continue
    if (count === 0) newest = sale
    relatives[count] = relative
    freshness[count] = decay(Math.max(0, asOf - soldAt))
    count += 1
  }
  return count
}

function sort(count: number): void {
  sorted.count = 0
  for (let index = 0; index < count; index += 1) insertWeighted(sorted, relatives[index] as number, Math.sqrt(freshness[index] as number))
}

function median(): number {
  const { count, values } = sorted
  return count % 2 === 1 ? (values[count >> 1] as number) : ((values[count / 2 - 1] as number) + (values[count / 2] as number)) / 2
}

function weightedMean(count: number): number {
  let [sum, weights] = [0, 0]
  for (let index = 0; index < count; index += 1) {
    const weight = freshness[index] as number
    sum += weight * (relatives[index] as number)
    weights += weight
  }
  return sum / weights
}

function writeRung(into: number[], { sales, asOf }: LadderInput, count: number): void {
  if (count === 0) {
    into.push(0, Number.NaN, Number.NaN, Number.NaN, Number.NaN, Number.NaN)
    return
  }
  const age = Math.max(0, asOf - sales.soldAt(newest))
  // All weights underflow only beyond 500 half-lives, and sales are remembered for 28.
  into.push(count, relatives[0] as number, median(), weightedMean(count), sorted.values[0] as number, age / hourMillis)
}

export const ladderMeasures: MeasureGroup<LadderInput> = {
  definitions,
  write(into, input) {
    pool.count = 0
    for (let rung = 0; rung < similarityLadder.length; rung += 1) {
      const count = collect(input, rung)
      sort(count)
      writeRung(into, input, count)
      const weight = poolWeights[rung] as number
      if (weight > 0) mergeWeighted(pool, sorted, weight)
    }
    const total = totalWeight(pool)
    into.push(weightedQuantile(pool, total, 0.5), total)
  },
}
