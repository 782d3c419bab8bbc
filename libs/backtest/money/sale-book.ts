import { anatomyOf } from '#lib/axie/anatomy.ts'
import { keyOn, rungNumber, similarityLadder, similarKey, type Traits, traitsOf } from '#lib/axie/similarity.ts'
import { hourMillis } from '#lib/clock/durations.ts'
import { RejectedError } from '#lib/errors/errors.ts'
import { alikeKey } from '#lib/market/alike.ts'
import { payloadOf } from '#lib/market/event.ts'
import { median } from '#lib/numbers/median.ts'
import type { Item, MarketEvent } from '#schemas/types.ts'

/** `number`: its place among all sales of the book, in the order of time. */
export type BookSale = Readonly<{ number: number; tokenId: string; breedCount: number; soldAt: number; usd: number; wei: string }>

/** From fine to coarse, what an axie is compared by when it is to be sold again. */
export type Likeness = 'alike' | 'similar' | 'kind'

/** Equal keys: alike = class, four battle parts and breed band; similar = class and four battle parts; kind = class and breed count. */
export type LikenessKeys = Readonly<Record<Likeness, string>>

/**
 * What really happened, before and after: read by the judge of a backtest only, never by what is judged. Sales without dollars, and eggs,
 * are left out.
 */
export interface SaleBook {
  /** Times of the oldest and of the newest sale, milliseconds. */
  readonly begin: number
  readonly end: number
  readonly size: number
  /** Sales of an axie, oldest first, later than `after`. */
  ofAxie(tokenId: string, after: number): readonly BookSale[]
  /** Sales of axies like it with `after` < soldAt <= `until`, oldest first. */
  like(likeness: Likeness, keys: LikenessKeys, after: number, until: number): readonly BookSale[]
  /** The newest of those, at most this many. */
  newestLike(likeness: Likeness, keys: LikenessKeys, after: number, until: number, most: number): readonly BookSale[]
  /** Log dollars: the median price of the 24 hours before an hour; NaN without sales. */
  levelAt(time: number): number
  /** The share of the hours from one time to another that hold any sale: where nobody looked, nothing is known. */
  observedShare(from: number, until: number): number
}

const kindTraits = similarityLadder[rungNumber('cb')]?.traits ?? []

export const likenessKeysOf = (traits: Traits): LikenessKeys => ({
  alike: `alike ${alikeKey(traits)}`,
  similar: `similar ${similarKey(traits)}`,
  kind: `kind ${keyOn(kindTraits, traits)}`,
})

export function createSaleBook(events: readonly MarketEvent[]): SaleBook {
  const all: BookSale[] = []
  const byKey = new Map<string, BookSale[]>()
  const add = (key: string, sale: BookSale): void => {
    const known = byKey.get(key)
    if (known === undefined) byKey.set(key, [sale])
    else known.push(sale)
  }
  // What a log says in the order it was known, a book holds in the order it happened.
  for (const event of [...events].sort((one, other) => one.eventTime - other.eventTime)) {
    const { kind, value } = payloadOf(event)
    if (kind !== 'Sale' || value.priceUsd === null) continue
    const traits = knownTraitsOf(value.item)
    if (traits === null) continue
    const { item, soldAt, priceUsd, priceWei } = value
    const sale = { number: all.length, tokenId: item.tokenId, breedCount: item.breedCount, soldAt, usd: Number(priceUsd), wei: priceWei }
    all.push(sale)
    add(`axie ${item.tokenId}`, sale)
    for (const key of Object.values(likenessKeysOf(traits))) add(key, sale)
  }

  const within = (sales: readonly BookSale[], after: number, until: number) =>
    sales.slice(firstAfter(sales, after), firstAfter(sales, until))
  const levels = new Map<number, number>()
  const observedHours = new Set(all.map(({ soldAt }) => Math.floor(soldAt / hourMillis)))

  return {
    begin: all[0]?.soldAt ?? Number.NaN,
    end: all.at(-1)?.soldAt ?? Number.NaN,
    size: all.length,
    ofAxie: (tokenId, after) => within(byKey.get(`axie ${tokenId}`) ?? [], after, Number.POSITIVE_INFINITY),
    like: (likeness, keys, after, until) => within(byKey.get(keys[likeness]) ?? [], after, until),
    newestLike(likeness, keys, after, until, most) {
      const sales = byKey.get(keys[likeness]) ?? []
      const end = firstAfter(sales, until)
      return sales.slice(Math.max(firstAfter(sales, after), end - most), end)
    },
    levelAt(time) {
      const hour = Math.floor(time / hourMillis) * hourMillis
      const known = levels.get(hour)
      if (known !== undefined) return known
      const level = Math.log(median(within(all, hour - 24 * hourMillis, hour).map(({ usd }) => usd)))
      levels.set(hour, level)
      return level
    },
    observedShare(from, until) {
      const [first, last] = [Math.floor(from / hourMillis), Math.max(Math.ceil(until / hourMillis), Math.floor(from / hourMillis) + 1)]
      let observed = 0
      for (let hour = first; hour < last; hour++) if (observedHours.has(hour)) observed++
      return observed / (last - first)
    },
  }
}

/** Null for what live would be a dead letter, or an egg. */
function knownTraitsOf(item: Item): Traits | null {
  try {
    return item.parts.length === 0 ? null : traitsOf(anatomyOf(item))
  } catch (error) {
    if (error instanceof RejectedError) return null
    throw error
  }
}

/** Where sales later than a time begin. */
function firstAfter(sales: readonly BookSale[], time: number): number {
  let [low, high] = [0, sales.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((sales[middle] as BookSale).soldAt > time) high = middle
    else low = middle + 1
  }
  return low
}
