import type { Anatomy } from '#lib/axie/anatomy.ts'
import { traitsOf } from '#lib/axie/similarity.ts'
import { type Likeness, type LikenessKeys, likenessKeysOf } from '#lib/backtest/money/sale-book.ts'
import { dayMillis, hourMillis } from '#lib/clock/durations.ts'
import { median } from '#lib/numbers/median.ts'

export type PaperSale = Readonly<{
  id: string
  tokenId: string
  breedCount: number
  at: number
  usd: number
  keys: LikenessKeys
}>

/** Older sales say too little of now. */
const knownMillis = 14 * dayMillis
/** What is on offer for a day must still be valued at its end. */
const keptMillis = knownMillis + 2 * dayMillis

/** What axies sold for lately, by likeness: what a seller can look up when setting a price. Finite. */
export interface AlikeSales {
  note(sale: PaperSale): void
  /** The median of the newest so many sales of others by that time, at the finest of these likenesses that has any; null where none has. */
  priceAt(
    at: number,
    sought: Readonly<{ tokenId: string; keys: LikenessKeys }>,
    likenesses: readonly Likeness[],
    most: number,
  ): number | null
  /** The share of the hours that hold any sale: where nobody looked, nothing is known. */
  observedShare(from: number, until: number): number
  forgetAt(clock: number): void
}

export const keysOf = (anatomy: Anatomy): LikenessKeys => likenessKeysOf(traitsOf(anatomy))

export function createAlikeSales(): AlikeSales {
  const byKey = new Map<string, PaperSale[]>()
  const hours = new Set<number>()
  return {
    note(sale) {
      hours.add(Math.floor(sale.at / hourMillis))
      for (const key of Object.values(sale.keys)) {
        const sales = byKey.get(key) ?? []
        byKey.set(key, sales)
        const place = sales.findLastIndex(({ at }) => at <= sale.at)
        sales.splice(place + 1, 0, sale)
      }
    },
    priceAt(at, { tokenId, keys }, likenesses, most) {
      for (const likeness of likenesses) {
        const found = newestOf(byKey.get(keys[likeness]) ?? [], at, tokenId, most)
        if (found.length > 0) return median(found)
      }
      return null
    },
    observedShare(from, until) {
      const first = Math.floor(from / hourMillis)
      const last = Math.max(Math.ceil(until / hourMillis), first + 1)
      let observed = 0
      for (let hour = first; hour < last; hour++) if (hours.has(hour)) observed++
      return observed / (last - first)
    },
    forgetAt(clock) {
      const from = clock - keptMillis
      for (const hour of hours) if ((hour + 1) * hourMillis < from) hours.delete(hour)
      for (const [key, sales] of byKey) {
        const old = sales.findIndex(({ at }) => at >= from)
        if (old === -1) byKey.delete(key)
        else sales.splice(0, old)
      }
    },
  }
}

function newestOf(sales: readonly PaperSale[], at: number, tokenId: string, most: number): number[] {
  const found: number[] = []
  for (let index = sales.length - 1; index >= 0 && found.length < most; index--) {
    const sale = sales[index] as PaperSale
    if (sale.at <= at - knownMillis) break
    if (sale.at <= at && sale.tokenId !== tokenId) found.push(sale.usd)
  }
  return found
}
