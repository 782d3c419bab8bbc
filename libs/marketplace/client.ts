import type { LeaderboardSnapshot, Listing } from '#schemas/types.ts'
import { type AxieAnswer, axieOf, ethUsdOf, leaderboardOf, listingsOf, type SettledEntry, settledOf } from './answers.ts'
import type { Page } from './page.ts'
import { axieQuery, exchangeRateQuery, listingsQuery, settledQuery } from './queries.ts'
import { createTransport, type HttpAnswer, type TransportOptions } from './transport.ts'

/** The most entries a page can have. */
export const maxPageSize = 100

export type PageRequest = Readonly<{ from: number; size: number }>

/** A value, and when we held the answer: by our clock and by the market's. Milliseconds. */
export type Held<Value> = Readonly<{ value: Value; heldAt: number; marketTime: number }>

/**
 * The marketplace, as the stream needs it. All methods reject with MarketplaceError only, after the retries that make sense.
 * Lists move while they are read: see newest-first.ts.
 */
export interface Marketplace {
  newestListings(page: PageRequest): Promise<Page<Listing>>
  /** The cheapest of a class, as the market spells it. */
  cheapestListings(className: string, page: PageRequest): Promise<Page<Listing>>
  /** Newest first. */
  settledSales(page: PageRequest): Promise<Page<SettledEntry>>
  /** Null for an axie the marketplace does not know. An offer that is not one rejects with RejectedError. */
  axie(tokenId: string): Promise<Held<AxieAnswer | null>>
  /** Dollars for one ETH. */
  ethUsd(): Promise<Held<number>>
  /** Null where the marketplace has none (the public API): set LEADERBOARD_URL. */
  leaderboard(): Promise<Held<LeaderboardSnapshot> | null>
  close(): Promise<void>
}

export type MarketplaceOptions = TransportOptions &
  Readonly<{
    /** Of the GraphQL API. */
    url: string
    /** Of a JSON document with the best players' axies: see `leaderboardOf`. */
    leaderboardUrl: string | null
  }>

export function createMarketplace(options: MarketplaceOptions): Marketplace {
  const transport = createTransport(options)
  const query = (text: string, variables: Readonly<Record<string, unknown>> = {}): Promise<HttpAnswer> =>
    transport.post(options.url, { query: text, variables })
  const held = <Value>(answer: HttpAnswer, value: Value): Held<Value> => ({ value, heldAt: answer.heldAt, marketTime: answer.marketTime })
  return {
    newestListings: async (page) => listingsOf(await query(listingsQuery, { ...page, sort: 'Latest' })),
    cheapestListings: async (className, page) =>
      listingsOf(await query(listingsQuery, { ...page, sort: 'PriceAsc', criteria: { classes: [className] } })),
    settledSales: async (page) => settledOf(await query(settledQuery, { ...page })),
    async axie(tokenId) {
      const answer = await query(axieQuery, { axieId: tokenId })
      return held(answer, axieOf(answer))
    },
    async ethUsd() {
      const answer = await query(exchangeRateQuery)
      return held(answer, ethUsdOf(answer))
    },
    async leaderboard() {
      if (options.leaderboardUrl === null) return null
      const answer = await transport.get(options.leaderboardUrl)
      return held(answer, leaderboardOf(answer))
    },
    close: transport.close,
  }
}
