/**
 * What is asked of the marketplace: every field by the type that has it, with the year since when public clients or recordings show it.
 * One place, because an API without a promise changes: `flipstream doctor --live` compares it with what comes, and a field that the
 * marketplace refuses is left out from then on. No more than an event needs, because every field costs both sides.
 */

/** Where the public API is asked. */
export const publicApi = 'https://api-gateway.skymavis.com/graphql/axie-marketplace'

type Type =
  | 'Axie'
  | 'AxiePart'
  | 'AxieBattleInfo'
  | 'AxieAxpInfo'
  | 'EquipmentInstance'
  | 'Order'
  | 'Offer'
  | 'Transfers'
  | 'Transfer'
  | 'ExchangeRate'
  | 'Currency'

export type ContractField = Readonly<{
  type: Type
  name: string
  /** The fields of what it holds, where that is an object. */
  itemType?: Type
  /** Without it there is no event. Any other is "unknown" once it is refused. */
  needed: boolean
  /** Asked of one axie and of new listings, not of every list: each costs the marketplace a look of its own. */
  isBeside?: true
  since: number
  source: string
}>

const recordings2022 = 'public scrapers and recordings of the marketplace, 2021 and 2022'
const clients2023 = 'public clients and bots since the marketplace signs orders, 2023 to 2025'
/** The queries that the marketplace's own pages send, copied by public clients: an axie's page, and that of what was sold lately. */
const axiePage = 'GetAxieDetail in public clients, 2023 to 2025: fragment TokenAssetOffers'
const soldPage = 'GetAxieDetail and GetRecentlyAxiesSold in public clients, 2023 to 2025: fragment EquipmentInstance'

const fields = (
  type: Type,
  needed: boolean,
  since: number,
  source: string,
  ...names: readonly (string | readonly [string, Type])[]
): ContractField[] =>
  names.map((name) =>
    typeof name === 'string' ? { type, name, needed, since, source } : { type, name: name[0], itemType: name[1], needed, since, source },
  )

const beside = (type: Type, since: number, source: string, ...names: Parameters<typeof fields>[4][]): ContractField[] =>
  fields(type, false, since, source, ...names).map((field) => ({ ...field, isBeside: true }))

export const contract: readonly ContractField[] = [
  ...fields('Axie', true, 2021, recordings2022, 'id', 'class', 'breedCount', ['parts', 'AxiePart']),
  ...fields('Axie', false, 2021, recordings2022, 'newGenes', 'genes', 'image', 'title', 'bodyShape', 'stage', [
    'battleInfo',
    'AxieBattleInfo',
  ]),
  ...fields('Axie', false, 2021, recordings2022, 'numMystic', 'numJapan', 'numXmas', 'numSummer'),
  ...fields('Axie', false, 2023, clients2023, ['axpInfo', 'AxieAxpInfo']),
  ...fields('Axie', false, 2023, soldPage, ['equipmentInstances', 'EquipmentInstance']),
  ...beside('Axie', 2023, axiePage, ['highestOffer', 'Offer'], 'numActiveOffers'),
  ...fields('AxiePart', true, 2021, recordings2022, 'id'),
  ...fields('AxiePart', false, 2021, recordings2022, 'name', 'class', 'type', 'specialGenes', 'stage'),
  ...fields('AxieBattleInfo', false, 2021, recordings2022, 'banned'),
  ...fields('AxieAxpInfo', false, 2023, clients2023, 'level', 'onchainLevel'),
  ...fields('EquipmentInstance', false, 2023, soldPage, 'name', 'rarity'),
  ...fields('Order', true, 2022, recordings2022, 'maker', 'startedAt', 'basePrice', 'currentPrice'),
  ...fields('Order', false, 2022, recordings2022, 'id', 'kind', 'paymentToken', 'endedAt', 'endedPrice', 'duration', 'currentPriceUsd'),
  ...fields('Order', false, 2023, clients2023, 'status', 'expiredAt', 'nonce'),
  ...fields('Offer', false, 2023, clients2023, 'currentPrice', 'currentPriceUsd', 'paymentToken', 'expiredAt'),
  // When an axie was last evolved or levelled is in none of the public queries. Both are calls of a contract that move no token between
  // owners, so they are no transfers; a transfer holds what is asked for here, a part only the stage it has now, `axpInfo` only the levels
  // of now. What can be told is how an axie was at a sale that was seen when it happened: `ownLastSale` of the context.
  ...fields('Transfers', false, 2022, recordings2022, 'total'),
  ...fields('Transfer', true, 2022, recordings2022, 'timestamp'),
  ...fields('Transfer', false, 2022, recordings2022, 'from', 'to', 'txHash', 'withPrice', 'withPriceUsd'),
  ...fields('ExchangeRate', true, 2021, recordings2022, ['eth', 'Currency']),
  ...fields('ExchangeRate', false, 2023, clients2023, ['axs', 'Currency'], ['slp', 'Currency'], ['ron', 'Currency'], ['usdc', 'Currency']),
  ...fields('Currency', true, 2021, recordings2022, 'usd'),
]

/**
 * By what the marketplace's own pages filter the list, each as public clients show it: class (2021), title and the counts of special parts
 * (2021 to 2025). For Nightmare parts no criterion is known.
 */
export type AskCriteria = Readonly<{
  classes?: readonly string[]
  title?: readonly string[]
  numMystic?: readonly number[]
  numJapan?: readonly number[]
  numXmas?: readonly number[]
  numSummer?: readonly number[]
}>

/** What public clients ask for besides, and we do not: whatever else a schema has is new. */
export const othersKnown = {
  Axie: [
    ...['order', 'transferHistory', 'auction', 'name', 'chain', 'owner', 'ownerProfile', 'birthDate', 'level', 'figure'],
    ...['sireId', 'sireClass', 'matronId', 'matronClass', 'children', 'stats', 'potentialPoints', 'purity', 'hasMysticSuit'],
    ...['axpStatDay', 'yourOffer', 'offers', 'pureness', 'numShiny'],
  ],
  AxiePart: ['abilities'],
  Order: [
    ...['assets', 'expectedState', 'marketFeePercentage', 'signature', 'hash', 'timeLeft', 'suggestedPrice', 'makerProfile'],
    ...['ronPrice', 'state'],
  ],
} as const satisfies Partial<Record<Type, readonly string[]>>

export const fieldName = ({ type, name }: Pick<ContractField, 'type' | 'name'>): string => `${type}.${name}`

/** Fields that are left out, by `fieldName`. */
export type LeftOut = ReadonlySet<string>

/** What is asked of a type. An object of which nothing is left is not asked for. */
function selection(type: Type, leftOut: LeftOut, isBeside = false): string {
  const asked = contract.filter((field) => field.type === type && (field.isBeside ?? false) === isBeside && !leftOut.has(fieldName(field)))
  return asked
    .flatMap(({ name, itemType }) => {
      if (itemType === undefined) return [name]
      const inner = selection(itemType, leftOut)
      return inner === '' ? [] : [`${name} { ${inner} }`]
    })
    .join(' ')
}

const order = (leftOut: LeftOut): string => `order { ${selection('Order', leftOut)} }`
/** What others bid for it. */
const bids = (leftOut: LeftOut): string => selection('Axie', leftOut, true)
const transfers = (leftOut: LeftOut, size: number): string =>
  `transferHistory(from: 0, size: ${size}) { ${selection('Transfers', leftOut)} results { ${selection('Transfer', leftOut)} } }`

const listed = (
  name: string,
  fieldsOfAxie: string,
): string => `query ${name}($from: Int!, $size: Int!, $sort: SortBy!, $criteria: AxieSearchCriteria) {
  axies(auctionType: Sale, from: $from, size: $size, sort: $sort, criteria: $criteria) { total results { ${fieldsOfAxie} } }
}`

/**
 * Transfers on a page. An axie of the settled list that was sold more than once is told with its newest sales, whichever of them put it
 * there; one that changed hands more often than this within the history asked for loses the older ones, unless its transfers are asked for.
 */
export const transfersAsked = { settled: 10, axie: 1, history: 50 } as const

export const queries = {
  listings: (leftOut: LeftOut) => listed('Listings', `${selection('Axie', leftOut)} ${order(leftOut)} ${bids(leftOut)}`),
  sweep: (leftOut: LeftOut) => listed('Sweep', `${selection('Axie', leftOut)} ${order(leftOut)}`),
  settled: (leftOut: LeftOut) => `query Settled($from: Int!, $size: Int!) {
  settledAuctions { axies(from: $from, size: $size) { total results { ${selection('Axie', leftOut)} ${transfers(leftOut, transfersAsked.settled)} } } }
}`,
  axie: (leftOut: LeftOut) => `query Axie($axieId: ID!) {
  axie(axieId: $axieId) { ${selection('Axie', leftOut)} ${order(leftOut)} ${bids(leftOut)} ${transfers(leftOut, transfersAsked.axie)} }
}`,
  transfers: (leftOut: LeftOut) => `query Transfers($axieId: ID!) {
  axie(axieId: $axieId) { ${selection('Axie', leftOut)} ${transfers(leftOut, transfersAsked.history)} }
}`,
  exchangeRate: (leftOut: LeftOut) => `query Rate { exchangeRate { ${selection('ExchangeRate', leftOut)} } }`,
} as const

export type QueryName = keyof typeof queries

/** What is asked below a field, where that is no field of the contract by itself. */
const typesBeside: Readonly<Record<string, Type>> = { order: 'Order' }

/**
 * Takes a field that could not be resolved out of an axie: the highest on the way to it without which the axie goes on. A transfer becomes
 * null, and costs itself alone. False where the axie cannot do without.
 * @param path from the axie down, as GraphQL tells it
 */
export const dropField = (axie: unknown, path: readonly (string | number)[]): boolean => dropBelow(axie, 'Axie', path)

function dropBelow(node: unknown, type: Type, [name, ...below]: readonly (string | number)[]): boolean {
  if (typeof node !== 'object' || node === null || typeof name !== 'string') return false
  const fields = node as Record<string, unknown>
  const field = contract.find((one) => one.type === type && one.name === name)
  if (field !== undefined && !field.needed) return delete fields[name]
  if (name === 'transferHistory') return dropTransfer(fields[name], below)
  const itemType = field?.itemType ?? typesBeside[name]
  if (itemType === undefined) return false
  const child = fields[name]
  return Array.isArray(child) ? dropBelow(child[below[0] as number], itemType, below.slice(1)) : dropBelow(child, itemType, below)
}

function dropTransfer(history: unknown, [list, index]: readonly (string | number)[]): boolean {
  const results = (history as { results?: unknown } | null)?.results
  if (list === 'total') return true
  if (list !== 'results' || typeof index !== 'number' || !Array.isArray(results)) return false
  results[index] = null
  return true
}

/** How servers say that they do not have a field, or have it in another shape: its name, and that of the type where it is told. */
const refusedField = [
  /cannot query field ["'“`]?(\w+)["'”`]? on type ["'“`]?(\w+)["'”`]?/gi,
  /field ["'“`](\w+)["'”`] (?:does not|doesn't) exist on (?:the )?type ["'“`](\w+)["'”`]/gi,
  /field ["'“`](\w+)["'”`] in type ["'“`](\w+)["'”`] is undefined/gi,
  /field ["'“`](\w+)["'”`](?: of type ["'“`][^"'”`]*["'”`])? must (?:not )?have a (?:sub)?selection/gi,
]

/**
 * Which of our fields an error of the marketplace refuses, and whether we can do without all of them. Types may have other names there:
 * where ours does not occur, every field of that name is meant.
 */
export function refusedFields(message: string): Readonly<{ names: readonly string[]; canBeLeftOut: boolean }> {
  const refused = refusedField
    .flatMap((words) => [...message.matchAll(words)])
    .flatMap(([, name, type]) => {
      const named = contract.filter((field) => field.name === name)
      const exact = named.filter((field) => field.type === type)
      return exact.length > 0 ? exact : named
    })
  return { names: [...new Set(refused.map(fieldName))], canBeLeftOut: refused.length > 0 && refused.every(({ needed }) => !needed) }
}
