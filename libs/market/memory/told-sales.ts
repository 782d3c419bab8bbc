/**
 * The sales of the last three weeks as they were told, in the order in which they were: what it takes to read them once more, by another
 * item model (see read-sales-anew.ts).
 */
import type { Traits } from '#lib/axie/similarity.ts'
import type { ItemProfile } from '#schemas/types.ts'
import type { SaleNumber } from './sale-history.ts'

export type ToldSale = Readonly<{
  /** The fold's clock when it was told. */
  clock: number
  soldAt: number
  logPrice: number
  profile: ItemProfile
  /** What of it is remembered one by one; null of a sale that was too old for that when it was told. */
  remembered: Readonly<{ number: SaleNumber; traits: Traits; relative: number | null }> | null
}>

export interface ToldSales {
  add(sale: ToldSale): void
  /** Forgets what was told up to and with that time. */
  forgetUpTo(clock: number): void
  [Symbol.iterator](): Iterator<ToldSale>
}

/** Forgotten sales are cut off once there are this many, not one by one. */
const cutAfter = 4_096

export function createToldSales(): ToldSales {
  let sales: ToldSale[] = []
  let first = 0
  return {
    add: (sale) => void sales.push(sale),
    forgetUpTo(clock) {
      while (first < sales.length && (sales[first] as ToldSale).clock <= clock) first += 1
      if (first < cutAfter && first < sales.length) return
      sales = sales.slice(first)
      first = 0
    },
    *[Symbol.iterator]() {
      for (let index = first; index < sales.length; index += 1) yield sales[index] as ToldSale
    },
  }
}
