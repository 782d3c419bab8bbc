import type { SettledSale } from './happenings.ts'
import type { Page, Slice } from './page.ts'

/** The newest settled sales, up to a number that bounds memory. */
export interface SaleBook {
  add(sale: SettledSale): void
  /** Newest first, of those sold until then. */
  newest(slice: Slice, until?: number): Page<SettledSale>
  /** Newest first. */
  get(tokenId: string): readonly SettledSale[]
}

export function createSaleBook(remembers: number): SaleBook {
  const sales: SettledSale[] = []
  const byToken = new Map<string, SettledSale[]>()
  const forget = (count: number): void => {
    for (const { axie } of sales.splice(0, count)) {
      const own = byToken.get(axie.tokenId)!
      if (own.length === 1) byToken.delete(axie.tokenId)
      else own.pop()
    }
  }
  return {
    add(sale) {
      sales.push(sale)
      const own = byToken.get(sale.axie.tokenId)
      if (own === undefined) byToken.set(sale.axie.tokenId, [sale])
      else own.unshift(sale)
      // In bulk: taking single sales from the front of a long array is slow.
      if (sales.length > remembers * 1.1) forget(sales.length - remembers)
    },
    newest({ from, size }, until = Number.POSITIVE_INFINITY) {
      const shown = sales.findLastIndex(({ soldAt }) => soldAt <= until) + 1
      const end = Math.max(0, shown - from)
      return { total: shown, results: sales.slice(Math.max(0, end - size), end).reverse() }
    },
    get: (tokenId) => byToken.get(tokenId) ?? [],
  }
}
