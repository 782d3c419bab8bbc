import type { ExchangeRate, LeaderboardSnapshot, Listing, Sale } from '#schemas/types.ts'
import { type AxieAnswer, axieOf, exchangeRateOf, leaderboardOf, listingsOf, type SettledEntry, settledOf, transfersOf } from './answers.ts'
import type { Worth } from './budget.ts'
import { type AskCriteria, type QueryName, queries, refusedFields } from './contract.ts'
import { refusalIn } from './envelope.ts'
import { MarketplaceError } from './errors.ts'
import type { Page } from './page.ts'
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
  /** The cheapest of those that meet the criteria, as the market spells them. */
  cheapestListings(criteria: AskCriteria, page: PageRequest): Promise<Page<Listing>>
  /** Newest first. */
  settledSales(page: PageRequest): Promise<Page<SettledEntry>>
  /** Null for an axie the marketplace does not know. An offer that is not one rejects with RejectedError. */
  axie(tokenId: string): Promise<Held<AxieAnswer | null>>
  /** What an axie sold for before, newest first, further back than the settled list tells. */
  salesOf(tokenId: string): Promise<Held<readonly Sale[]>>
  /** Dollars for one of each token that axies are paid in. */
  exchangeRate(): Promise<Held<ExchangeRate>>
  /** Null where the marketplace has none (the public API): set LEADERBOARD_URL. */
  leaderboard(): Promise<Held<LeaderboardSnapshot> | null>
  close(): Promise<void>
}

export type MarketplaceOptions = TransportOptions &
  Readonly<{
    /** Address of the GraphQL API. */
    url: string
    /** Address of a JSON document with the best players' axies: see `leaderboardOf`. */
    leaderboardUrl: string | null
    /** Told once of each field that the marketplace refuses, by its type and name: it is left out of queries from then on. */
    onFieldLeftOut?: (field: string) => void
  }>

export function createMarketplace(options: MarketplaceOptions): Marketplace {
  const transport = createTransport({ ...options, refusalIn })
  const leftOut = new Set<string>()
  /** A query that names fields which are gone is asked again without them; what is needed makes it fail. */
  const query = async (name: QueryName & Worth, variables: Readonly<Record<string, unknown>> = {}): Promise<HttpAnswer> => {
    for (;;) {
      try {
        return await transport.post(options.url, { query: queries[name](leftOut), variables }, name)
      } catch (error) {
        if (!(error instanceof MarketplaceError) || error.code !== 'refused') throw error
        const { names, canBeLeftOut } = refusedFields(error.message)
        const fresh = names.filter((field) => !leftOut.has(field))
        if (!canBeLeftOut || fresh.length === 0) throw error
        for (const field of fresh) {
          leftOut.add(field)
          options.onFieldLeftOut?.(field)
        }
      }
    }
  }
  const withTimes = <Value>(answer: HttpAnswer, value: Value): Held<Value> => ({
    value,
    heldAt: answer.heldAt,
    marketTime: answer.marketTime,
  })
  return {
    newestListings: async (page) => listingsOf(await query('listings', { ...page, sort: 'Latest' })),
    cheapestListings: async (criteria, page) => listingsOf(await query('sweep', { ...page, sort: 'PriceAsc', criteria })),
    settledSales: async (page) => settledOf(await query('settled', { ...page })),
    async axie(tokenId) {
      const answer = await query('axie', { axieId: tokenId })
      return withTimes(answer, axieOf(answer))
    },
    async salesOf(tokenId) {
      const answer = await query('transfers', { axieId: tokenId })
      return withTimes(answer, transfersOf(answer))
    },
    async exchangeRate() {
      const answer = await query('exchangeRate')
      return withTimes(answer, exchangeRateOf(answer))
    },
    async leaderboard() {
      if (options.leaderboardUrl === null) return null
      const answer = await transport.get(options.leaderboardUrl)
      return withTimes(answer, leaderboardOf(answer))
    },
    close: transport.close,
  }
}
