import { rungNumber, type Traits } from '#lib/axie/similarity.ts'
import { hourMillis } from '#lib/clock/durations.ts'
import { breedBandOf } from '#lib/market/alike.ts'
import { salesMillis } from '#lib/market/horizons.ts'
import type { SaleHistory, SaleNumber } from '#lib/market/memory/sale-history.ts'
import type { WatchedHours } from '#lib/market/memory/watched-hours.ts'
import type { AlikeSales } from '#schemas/types.ts'

export type AlikeSubject = Readonly<{ traits: Traits; tokenId: string; newest: SaleNumber; asOf: number }>

const similarRung = rungNumber('c4')
/** So many are told: a build that sells more often than that shows its pace in them. */
const maxAlikeSales = 32
/** How many of the similar ones are looked at, alike or not. */
const maxAlikeSeen = 128

/** What others alike sold for lately, and in how many watched hours: the pace of demand, told without a price that it is for. */
export function alikeSalesOf(sales: SaleHistory, watched: WatchedHours, { traits, tokenId, newest, asOf }: AlikeSubject): AlikeSales {
  const band = breedBandOf(traits[1])
  const usd: number[] = []
  const oldest = asOf - salesMillis
  let since = oldest
  let sale = newest
  for (let seen = 0; sale !== 0 && sales.soldAt(sale) > oldest; sale = sales.olderLike(similarRung, sale), seen += 1) {
    if (seen === maxAlikeSeen || usd.length === maxAlikeSales) break
    since = sales.soldAt(sale)
    if (breedBandOf(sales.breedCount(sale)) === band && sales.tokenId(sale) !== tokenId) usd.push(sales.usd(sale))
  }
  const isWhole = sale === 0 || sales.soldAt(sale) <= oldest
  return { usd, watchedHours: watched.between(isWhole ? oldest : Math.max(oldest, since - hourMillis), asOf) }
}
