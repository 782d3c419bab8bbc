import { type DocumentNode, type FieldNode, GraphQLError, type GraphQLSchema, Kind, parse, type ValidationContext } from 'graphql'
import { createSchema, type Plugin } from 'graphql-yoga'
import { axieAnswer } from './axie-answer.ts'
import { type Faults, isDelayed } from './faults.ts'
import { ethUsd } from './happenings.ts'
import type { Market } from './market.ts'
import type { OfferCriteria, OpenOffer } from './offer-book.ts'
import type { Page, Slice } from './page.ts'

/** The part of the marketplace's schema that public clients use, in its own words. */
export const typeDefs = /* GraphQL */ `
  enum AuctionType { All Sale NotForSale }
  enum SortBy { Latest PriceAsc }

  input AxieSearchCriteria {
    classes: [String!]
    parts: [String!]
    breedCount: [Int!]
    title: [String!]
    numMystic: [Int!]
    numJapan: [Int!]
    numXmas: [Int!]
    numSummer: [Int!]
  }

  type Query {
    axies(auctionType: AuctionType, criteria: AxieSearchCriteria, from: Int = 0, size: Int = 24, sort: SortBy = Latest): Axies!
    settledAuctions: SettledAuctions!
    axie(axieId: ID!): Axie
    exchangeRate: ExchangeRate!
  }

  type Axies { total: Int! results: [Axie]! }
  type SettledAuctions { axies(from: Int = 0, size: Int = 24): Axies! }

  type Axie {
    id: ID!
    name: String
    class: String
    stage: Int
    breedCount: Int
    genes: String
    newGenes: String
    parts: [AxiePart!]!
    title: String
    bodyShape: String
    battleInfo: BattleInfo
    axpInfo: AxpInfo
    numMystic: Int
    numJapan: Int
    numXmas: Int
    numSummer: Int
    "The best bid for it, or null."
    highestOffer: Order
    numActiveOffers: Int
    equipmentInstances: [EquipmentInstance!]
    stats: AxieStats
    image: String
    "The open offer, or null."
    order: Order
    auction: Auction @deprecated(reason: "Use order.")
    transferHistory(from: Int = 0, size: Int = 10): Transfers!
  }
  type AxiePart { id: ID! name: String! class: String! type: String! specialGenes: String stage: Int }
  type BattleInfo { banned: Boolean }
  type AxpInfo { level: Int onchainLevel: Int }
  type EquipmentInstance { equipmentId: String slot: String name: String rarity: String }
  type AxieStats { hp: Int! speed: Int! skill: Int! morale: Int! }

  "Prices are decimal strings in wei, times in seconds."
  type Order {
    id: Int!
    maker: String!
    kind: String!
    status: String!
    expiredAt: Int!
    nonce: Int
    paymentToken: String!
    startedAt: Int!
    basePrice: String!
    endedAt: Int!
    endedPrice: String!
    duration: Int!
    timeLeft: Int!
    currentPrice: String!
    suggestedPrice: String
    currentPriceUsd: String
  }
  type Auction {
    startingPrice: String!
    endingPrice: String!
    startingTimestamp: String!
    endingTimestamp: String!
    duration: String!
    timeLeft: String!
    currentPrice: String!
    currentPriceUSD: String
    suggestedPrice: String
    seller: String!
    listingIndex: Int!
    state: String!
  }

  type Transfers { total: Int! results: [Transfer!]! }
  type Transfer { from: String! to: String! timestamp: Int! txHash: String withPrice: String withPriceUsd: String }

  type ExchangeRate { eth: Currency! axs: Currency slp: Currency ron: Currency usdc: Currency }
  type Currency { usd: Float! }
`

const maxSize = 100

type AxiesArguments = Slice & Readonly<{ auctionType?: string; criteria?: OfferCriteria; sort: 'Latest' | 'PriceAsc' }>
type AxieAnswer = ReturnType<typeof axieAnswer>

/** The document without these fields of its output types, by name or by type and name. */
function withoutFields(document: DocumentNode, gone: ReadonlySet<string>): DocumentNode {
  const definitions = document.definitions.map((definition) => {
    if (definition.kind !== Kind.OBJECT_TYPE_DEFINITION) return definition
    const isThere = (field: string): boolean => !gone.has(field) && !gone.has(`${definition.name.value}.${field}`)
    return { ...definition, fields: (definition.fields ?? []).filter(({ name }) => isThere(name.value)) }
  })
  return { ...document, definitions }
}

/** Refuses queries for the schema itself for as long as that is off. */
export const refuseIntrospection = ({ isIntrospectionOff, serve }: Faults): Plugin => ({
  onValidate({ addValidationRule }) {
    if (!isIntrospectionOff()) return
    addValidationRule((context: ValidationContext) => ({
      Field({ name: { value } }: FieldNode) {
        if (value !== '__schema' && value !== '__type') return
        context.reportError(new GraphQLError('GraphQL introspection has been disabled'))
        serve('introspectionOff')
      },
    }))
  },
})

/**
 * The schema as it is at that moment: fields may go and come back (`goneFields`).
 * @param onNewestQuery called before the first look at the newest listings is answered: from then on, the market moves
 */
export function createMarketplaceSchema(market: Market, faults: Faults, onNewestQuery: () => void): () => GraphQLSchema {
  const resolvers = createResolvers(market, faults, onNewestQuery)
  const document = parse(typeDefs)
  let made: { gone: string; schema: GraphQLSchema } | null = null
  return () => {
    const gone = faults.goneFields()
    if (made?.gone !== gone.join())
      made = {
        gone: gone.join(),
        schema: createSchema({
          typeDefs: withoutFields(document, new Set(gone)),
          resolvers,
          resolverValidationOptions: { requireResolversToMatchSchema: 'ignore' },
        }),
      }
    return made.schema
  }
}

function createResolvers(market: Market, faults: Faults, onNewestQuery: () => void) {
  const spoil = createPageSpoiler(faults)
  const beyond = ({ from }: Slice): boolean => from >= faults.offsetCap()
  /** As the marketplace cuts it: short pages, and nothing at all beyond its cap. */
  const reachable = (slice: Slice): Slice => {
    const { from, size } = checked(slice)
    if (beyond(slice)) faults.serve('offsetCap')
    else if (size > faults.longestPage()) faults.serve('longestPage')
    return { from, size: beyond(slice) ? 0 : Math.min(size, faults.longestPage()) }
  }
  const offerAnswer = (open: OpenOffer): AxieAnswer => {
    // What takes its time is served when it happens: the market tells.
    if (open.fault !== null && !isDelayed(open.fault)) faults.serve(open.fault)
    return axieAnswer(open.offer.axie, open, market.axie(open.offer.axie.tokenId)?.sales ?? [], market.now())
  }

  const settledAnswer = (slice: Slice) => {
    const late = faults.salesIndexedLateMillis()
    const { total, results } = market.settledSales(reachable(slice), late)
    if (late > 0 && market.settledSales({ from: 0, size: 1 }).total > total) faults.serve('salesIndexedLateSeconds')
    market.show(results)
    const answers = results.map(({ axie: { tokenId } }) => {
      const { axie, open, sales } = market.axie(tokenId)!
      return axieAnswer(axie, open?.fault === null ? open : null, sales, market.now())
    })
    return spoil('settled', { total: beyond(slice) ? 0 : total, results: answers })
  }

  return {
    Query: {
      axies(_root: unknown, { criteria = {}, sort, auctionType, ...slice }: AxiesArguments) {
        if (auctionType !== 'Sale') throw new GraphQLError('the simulator knows only axies for sale: ask with auctionType: Sale')
        if (sort === 'Latest') onNewestQuery()
        const wanted = reachable(slice)
        const page = sort === 'Latest' ? market.newestOffers(wanted, criteria) : market.cheapestOffers(wanted, criteria)
        if (sort === 'Latest') market.show(page.results)
        return spoil(sort, { total: beyond(slice) ? 0 : page.total, results: page.results.map(offerAnswer) })
      },
      settledAuctions: () => ({ axies: settledAnswer }),
      axie(_root: unknown, { axieId }: { axieId: string }) {
        const found = market.axie(axieId)
        return found === null ? null : axieAnswer(found.axie, found.open, found.sales, market.now())
      },
      exchangeRate: () => ({ eth: { usd: ethUsd }, axs: { usd: 1.25 }, slp: { usd: 0.0015 }, ron: { usd: 0.5 }, usdc: { usd: 1 } }),
    },
  }
}

function checked({ from, size }: Slice): Slice {
  if (from >= 0 && size >= 1 && size <= maxSize) return { from, size }
  throw new GraphQLError(`expected from >= 0 and size from 1 to ${maxSize}, found from ${from} and size ${size}`)
}

/** Pages as a marketplace under load serves them: repeated, out of order. */
function createPageSpoiler(faults: Faults): (list: string, page: Page<AxieAnswer>) => Page<AxieAnswer> {
  const before = new Map<string, Page<AxieAnswer>>()
  return (list, page) => {
    const last = before.get(list)
    before.set(list, page)
    if (last !== undefined && faults.strikes('duplicatePage')) return last
    if (faults.strikes('duplicateItems')) {
      const half = page.results.slice(0, Math.ceil(page.results.length / 2))
      return { ...page, results: [...half, ...half] }
    }
    if (faults.strikes('shuffledPage')) return { ...page, results: page.results.toReversed() }
    return page
  }
}
