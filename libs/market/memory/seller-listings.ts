import { sellerMillis } from '#lib/market/horizons.ts'

/** Counts no further: from here on a seller lists in bulk, whatever the number. */
export const maxSellerListings = 1_000

export interface SellerListings {
  /** `at` never goes back from one call to the next. */
  add(seller: string, listingId: string, at: number): void
  forgetUpTo(time: number): void
  /** Listings by the seller in the last hour, this one apart; counts to 1,000. */
  count(seller: string, listingId: string, at: number): number
  /** Sellers in memory. */
  size(): number
}

export function createSellerListings(): SellerListings {
  type Seen = Readonly<{ listingId: string; at: number }>
  /** Sellers hang in the order of their latest listing: those forgotten first come first. */
  const bySeller = new Map<string, Seen[]>()

  return {
    add(seller, listingId, at) {
      const listings = bySeller.get(seller)
      // An array that grows has room for sixteen more: most sellers have one listing.
      if (listings === undefined) return void bySeller.set(seller, [{ listingId, at }])
      bySeller.delete(seller)
      const firstKept = listings.findIndex((seen) => seen.at > at - sellerMillis)
      if (firstKept !== 0) listings.splice(0, firstKept < 0 ? listings.length : firstKept)
      if (listings.length > maxSellerListings) listings.shift()
      listings.push({ listingId, at })
      bySeller.set(seller, listings)
    },
    forgetUpTo(time) {
      for (const [seller, listings] of bySeller) {
        if ((listings.at(-1)?.at ?? time) > time) return
        bySeller.delete(seller)
      }
    },
    count(seller, listingId, at) {
      const others = new Set<string>()
      for (const seen of bySeller.get(seller) ?? [])
        if (seen.at > at - sellerMillis && seen.listingId !== listingId) others.add(seen.listingId)
      return Math.min(maxSellerListings, others.size)
    },
    size: () => bySeller.size,
  }
}
