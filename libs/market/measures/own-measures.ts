/** This axie's own sales before, and what the leaderboard thinks of its battle parts. */

import type { Combo } from '#lib/axie/combo-score.ts'
import { hourMillis } from '#lib/clock/durations.ts'
import { salesMillis } from '#lib/market/horizons.ts'
import type { SaleHistory, SaleNumber } from '#lib/market/memory/sale-history.ts'
import type { MeasureDefinition, MeasureGroup } from './measure-group.ts'

export type OwnInput = Readonly<{
  sales: SaleHistory
  tokenId: string
  breedCount: number
  asOf: number
  /** The market's level now; null without sales. */
  reference: number | null
  combo: Combo
}>

const definitions: MeasureDefinition[] = [
  ['own.count', 'sales of this axie in the last 14 days, counted to 8'],
  ['own.relative', 'relative price of its last sale'],
  ['own.relativeNow', 'log price of its last sale less the reference level of now'],
  ['own.ageHours', 'age of its last sale, in hours'],
  ['own.breeds', 'how often it was bred since'],
  ['combo.parts', "mean share of its battle parts, one by one, on its class's leaderboard, weighted by rank"],
  ['combo.pairs', 'the same of their six pairs'],
  ['combo.triples', 'the same of their four triples'],
  ['combo.quad', 'the same of all four together'],
]

const maxCounted = 8

/** The newest sale of an axie in the last two weeks, or 0. */
export function lastSaleOf(sales: SaleHistory, tokenId: string, asOf: number): SaleNumber {
  const sale = sales.newestOf(tokenId)
  return sale !== 0 && sales.soldAt(sale) > asOf - salesMillis ? sale : 0
}

function countOf(sales: SaleHistory, newest: SaleNumber, asOf: number): number {
  let count = 0
  for (let sale = newest; sale !== 0 && count < maxCounted && sales.soldAt(sale) > asOf - salesMillis; sale = sales.olderOf(sale))
    count += 1
  return count
}

export const ownMeasures: MeasureGroup<OwnInput> = {
  definitions,
  write(into, { sales, tokenId, breedCount, asOf, reference, combo }) {
    const last = lastSaleOf(sales, tokenId, asOf)
    if (last === 0) into.push(0, Number.NaN, Number.NaN, Number.NaN, Number.NaN)
    else
      into.push(
        countOf(sales, last, asOf),
        sales.relative(last),
        Math.log(sales.usd(last)) - (reference ?? Number.NaN),
        Math.max(0, asOf - sales.soldAt(last)) / hourMillis,
        breedCount - sales.breedCount(last),
      )
    into.push(combo.parts, combo.pairs, combo.triples, combo.quad)
  },
}
