import type { Environment } from '@marcbachmann/cel-js'
import { hourMillis } from '#lib/clock/durations.ts'
import type { ItemProfile, OwnLastSale, ScoredListing, SimilarAsk, SimilarSale } from '#schemas/types.ts'
import type { Costs } from './rule-set.ts'

/**
 * What an expression can say of a scored listing, under which names. Every number is a double. What is not known is a double that is not
 * a number: every comparison with it is false, so a rule about something unknown stays silent; `known(x)` asks.
 */
const numbers = <Name extends string>(...names: Name[]) =>
  Object.fromEntries(names.map((name) => [name, 'double'])) as Record<Name, 'double'>

const partFields = { eyes: 'string', ears: 'string', mouth: 'string', horn: 'string', back: 'string', tail: 'string' } as const
const levelFields = numbers('hours6', 'hours24', 'days7')

/** By type, as it is shown to people who write rules. */
const types = {
  Parts: partFields,
  Stats: numbers('hp', 'speed', 'skill', 'morale'),
  Cards: numbers('attack', 'defence', 'energy'),
  Item: {
    tokenId: 'string',
    class: 'string',
    /** Lower case; empty without one, and where it is unknown. */
    title: 'string',
    ...numbers('breedCount', 'purity', 'geneQuality', 'specialParts', 'comboScore'),
    ...numbers('level', 'onchainLevel', 'evolvedParts', 'nightmareParts', 'unknownParts'),
    ...numbers('mystic', 'japanese', 'xmas', 'summer', 'accessories'),
    /** Also false where it is unknown. */
    isBanned: 'bool',
    parts: 'Parts',
    stats: 'Stats',
    cards: 'Cards',
  },
  /** `token`: ETH, USDC, AXS, SLP or RON. */
  Ask: { kind: 'string', token: 'string', ...numbers('usd', 'eth', 'ageMinutes', 'endsInMinutes') },
  Forecast: numbers('q05', 'q25', 'q50', 'q75', 'q95', 'mean'),
  /** What it sells for next when bought at this ask; the forecast, of models that say no more. */
  Exit: numbers('q05', 'q25', 'q50', 'q75', 'q95'),
  /** The chance that another alike sells for `usd` or more within a number of hours. */
  Demand: numbers('usd', 'h1', 'h6', 'h24', 'h72'),
  Seller: { address: 'string', ...numbers('listings') },
  /** Dollars: what an axie sold for over that span. */
  Level: levelFields,
  Market: { all: 'Level', class: 'Level', ...numbers('trend', 'salesPerHour', 'ethUsd') },
  Sale: { ...numbers('usd', 'ageHours', 'breedCount'), identical: 'bool' },
  /** `level` and `evolvedParts`: when it was sold, where that was seen as it happened. */
  OwnSale: { ...numbers('usd', 'ageHours', 'breedCount', 'level', 'evolvedParts'), identical: 'bool' },
  /** What others offer for the axie: how many, and the best of them in dollars. */
  Bids: numbers('count', 'usd'),
  /** The rarest collection that the axie belongs to (empty: none), the cheapest open ask known of another of it, and how many are known. */
  Collection: { name: 'string', ...numbers('floorUsd', 'asks') },
  Offer: { ...numbers('usd', 'ageHours', 'breedCount'), identical: 'bool' },
  /** `unseenAttributes`: how many things set the axie apart that the model knows nothing of. */
  Model: { id: 'string', ...numbers('ageHours', 'novelty', 'unseenAttributes') },
} as const

type TypeName = keyof typeof types

export const variables = {
  item: 'Item',
  ask: 'Ask',
  forecast: 'Forecast',
  exit: 'Exit',
  demand: 'Demand',
  seller: 'Seller',
  market: 'Market',
  /** The last five, newest first. */
  similarSales: 'list<Sale>',
  /** The three cheapest of others, cheapest first. */
  similarAsks: 'list<Offer>',
  similarAskCount: 'double',
  ownLastSale: 'OwnSale',
  bids: 'Bids',
  collection: 'Collection',
  model: 'Model',
  source: 'string',
  /** The market's share of a sale. */
  fee: 'double',
  /** Dollars: what buying and selling cost on the chain, together. */
  gas: 'double',
} as const

export type ExpressionRecord = Readonly<Record<keyof typeof variables, unknown>>

/** The checker knows a value's type by its constructor. */
const constructors = Object.fromEntries(
  Object.keys(types).map((name) => [name, Object.defineProperty(function record() {}, 'name', { value: name })]),
) as unknown as Record<TypeName, { prototype: object }>

const make = <Name extends TypeName>(name: Name, values: Readonly<Record<keyof (typeof types)[Name], unknown>>): object =>
  Object.assign(Object.create(constructors[name].prototype) as object, values)

export function registerRecord(environment: Environment): void {
  for (const [name, fields] of Object.entries(types))
    environment.registerType(name, { ctor: constructors[name as TypeName] as never, fields: { ...fields } })
  for (const [name, type] of Object.entries(variables)) environment.registerVariable(name, type)
}

const orUnknown = (value: number | null): number => value ?? Number.NaN
const unknownDemand = { usd: Number.NaN, h1: Number.NaN, h6: Number.NaN, h24: Number.NaN, h72: Number.NaN }
const inDollars = (logUsd: number | null): number => (logUsd === null ? Number.NaN : Math.exp(logUsd))

const attributesOf = ({ attributes }: ItemProfile) => ({
  title: attributes?.title ?? '',
  level: orUnknown(attributes?.level ?? null),
  onchainLevel: orUnknown(attributes?.onchainLevel ?? null),
  evolvedParts: orUnknown(attributes?.evolvedParts ?? null),
  nightmareParts: orUnknown(attributes?.nightmareParts ?? null),
  unknownParts: attributes?.unknownParts ?? 0,
  mystic: orUnknown(attributes?.mystic ?? null),
  japanese: orUnknown(attributes?.japanese ?? null),
  xmas: orUnknown(attributes?.xmas ?? null),
  summer: orUnknown(attributes?.summer ?? null),
  isBanned: attributes?.isBanned === true,
  accessories: orUnknown(attributes?.accessories?.length ?? null),
})

/** The record as expressions see it. Ages are as of the moment the listing was observed. */
export function expressionRecord(
  { listing, quantilesUsd, mean, exit, demand, modelId, modelTrainedUntil, novelty, unseen }: ScoredListing,
  { feeRatio, gasUsd = 0 }: Costs,
): ExpressionRecord {
  const { item, ask, context, bids, observedAt, seller, source } = listing
  const hoursSince = (time: number) => (observedAt - time) / hourMillis
  const sale = ({ usd, soldAt, breedCount, identical }: Pick<SimilarSale, 'usd' | 'soldAt' | 'breedCount' | 'identical'>) =>
    make('Sale', { usd, ageHours: hoursSince(soldAt), breedCount, identical })
  const offer = ({ usd, seenAt, breedCount, identical }: SimilarAsk) =>
    make('Offer', { usd, ageHours: hoursSince(seenAt), breedCount, identical })
  const level = ({ hours6, hours24, days7 }: typeof context.market) =>
    make('Level', { hours6: inDollars(hours6), hours24: inDollars(hours24), days7: inDollars(days7) })
  const ownSale = (own: OwnLastSale | null) =>
    make('OwnSale', {
      usd: own?.usd ?? Number.NaN,
      ageHours: hoursSince(own?.soldAt ?? Number.NaN),
      breedCount: own?.breedCount ?? Number.NaN,
      level: orUnknown(own?.level ?? null),
      evolvedParts: orUnknown(own?.evolvedParts ?? null),
      identical: own !== null,
    })
  return {
    item: make('Item', {
      tokenId: item.tokenId,
      class: item.class,
      breedCount: item.breedCount,
      purity: item.purity,
      geneQuality: orUnknown(item.geneQuality),
      specialParts: item.specialParts,
      ...attributesOf(item),
      comboScore: context.comboScore,
      parts: make('Parts', item.parts),
      stats: make('Stats', item.stats),
      cards: make('Cards', item.cards),
    }),
    ask: make('Ask', {
      kind: ask.kind,
      token: ask.token ?? 'ETH',
      usd: ask.usd,
      eth: ask.eth,
      ageMinutes: hoursSince(ask.startedAt) * 60,
      endsInMinutes: -hoursSince(ask.expiredAt ?? Number.NaN) * 60,
    }),
    forecast: make('Forecast', { ...quantilesUsd, mean: orUnknown(mean) }),
    exit: make('Exit', exit ?? quantilesUsd),
    demand: make('Demand', demand ?? unknownDemand),
    seller: make('Seller', { address: seller, listings: context.sellerListings }),
    market: make('Market', {
      all: level(context.market),
      class: level(context.class),
      trend: orUnknown(context.trend),
      salesPerHour: context.salesPerHour,
      ethUsd: orUnknown(context.ethUsd),
    }),
    similarSales: context.similarSales.map(sale),
    similarAsks: context.similarAsks.map(offer),
    similarAskCount: context.similarAskCount,
    ownLastSale: ownSale(context.ownLastSale),
    bids: make('Bids', { count: orUnknown(bids?.count ?? null), usd: orUnknown(bids?.usd ?? null) }),
    collection: make('Collection', {
      name: context.collection?.name ?? '',
      floorUsd: orUnknown(context.collection?.floorUsd ?? null),
      asks: orUnknown(context.collection?.asks ?? null),
    }),
    model: make('Model', { id: modelId, ageHours: hoursSince(modelTrainedUntil), novelty, unseenAttributes: unseen?.length ?? 0 }),
    source,
    fee: feeRatio,
    gas: 2 * gasUsd,
  }
}

/** For people: each name that an expression may use, with its type. */
export function describeRecord(): string[] {
  const lines = (name: string, type: string): string[] => {
    const list = /^list<(\w+)>$/.exec(type)?.[1]
    const fields = types[(list ?? type) as TypeName] as Readonly<Record<string, string>> | undefined
    if (fields === undefined) return [`${name}: ${type}`]
    return Object.entries(fields).flatMap(([field, inner]) => lines(`${name}${list === undefined ? '' : '[0]'}.${field}`, inner))
  }
  return Object.entries(variables).flatMap(([name, type]) => lines(name, type))
}
