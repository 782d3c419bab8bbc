import { partTypeOf } from '#lib/axie/parts.ts'
import { dayMillis } from '#lib/clock/durations.ts'
import type { SoldAxie } from './sold-axie.ts'

/** A market as no model learnt it: from one moment on prices are others, and axies come with a part that nobody has seen before. */
export type MarketTurn = Readonly<{
  /** Milliseconds. */
  at: number
  /** All prices, times this. */
  priceFactor: number
  /** Null: no part is new. */
  newPart: string | null
}>

/** Made up: how many of the axies that come after the turn have the new part, and what it makes of their prices. */
const newPartShare = 0.15
const newPartFactor = 1.8
/** Resales come within ten days; a little more. */
const rememberedMillis = 11 * dayMillis

/** Sales in order of time, as they are after the turn. An axie that was sold before keeps its parts. */
export function* turned(sales: Iterable<SoldAxie>, { at, priceFactor, newPart }: MarketTurn): Generator<SoldAxie, void, void> {
  const type = newPart === null ? null : partTypeOf(newPart)
  const soldBefore = new Set<string>()
  for (const sale of sales) {
    if (sale.soldAt < at) {
      if (sale.soldAt > at - rememberedMillis) soldBefore.add(sale.tokenId)
      yield sale
      continue
    }
    const isNew = newPart !== null && type !== null && !soldBefore.has(sale.tokenId) && shareOf(sale.tokenId) < newPartShare
    const factor = priceFactor * (isNew ? newPartFactor : 1)
    const parts = isNew ? { ...sale.parts, [type]: newPart } : sale.parts
    yield { ...sale, parts, priceUsd: Math.max(1, Math.round(sale.priceUsd * factor)) }
  }
}

/** 0 to 1, the same for the same axie: a resale has the parts of the sale before. */
const shareOf = (tokenId: string): number => (Number(tokenId) * 0.618_033_988_75) % 1
