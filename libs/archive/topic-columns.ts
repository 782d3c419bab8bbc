import { readSchemaFiles } from '#lib/codec/schema-files.ts'
import { topics } from '#lib/market/topics.ts'
import type { Alert, Ask, Item, MarketEvent, RecordName, ScoredListing } from '#schemas/types.ts'

export type ColumnValue = string | number | boolean | null

export type Column = Readonly<{
  name: string
  /** As Parquet has it. TIMESTAMP: milliseconds, UTC. */
  type: 'STRING' | 'INT32' | 'INT64' | 'DOUBLE' | 'BOOLEAN' | 'TIMESTAMP'
  /** What its values are like, which says how to write them: see parquet-file.ts. */
  nature: 'distinct' | 'repeated' | 'rising'
}>

/** What of a topic's decoded values people query by. The value's own bytes are archived beside it, whatever is chosen here. */
export type TopicColumns = Readonly<{
  /** Null: values of no known schema, which are not decoded. */
  schema: RecordName | null
  columns: readonly Column[]
  /** Values in the order of `columns`. */
  pick(value: never): ColumnValue[]
  /** The market's time of a value; null in topics whose values have none: the log's own timestamp takes its place. */
  observedAt: ((value: never) => number) | null
}>

export function columnsOfTopic(topic: string): TopicColumns {
  const chosen = chosenColumns[topic]
  if (chosen !== undefined) return chosen
  const schema: RecordName | null = topics[topic as keyof typeof topics]?.schema ?? null
  return schema === null ? noColumns : scalarColumns(schema)
}

const noColumns: TopicColumns = { schema: null, columns: [], pick: () => [], observedAt: null }

const distinct = (type: Column['type'], ...names: string[]): Column[] => names.map((name) => ({ name, type, nature: 'distinct' }))
const repeated = (type: Column['type'], ...names: string[]): Column[] => names.map((name) => ({ name, type, nature: 'repeated' }))
const rising = (type: Column['type'], ...names: string[]): Column[] => names.map((name) => ({ name, type, nature: 'rising' }))

const marketEvents: TopicColumns = {
  schema: 'MarketEvent',
  columns: [
    ...distinct('STRING', 'eventId'),
    ...rising('TIMESTAMP', 'eventTime', 'observedAt'),
    // kind: the payload's record name, such as Listing.
    ...repeated('STRING', 'origin', 'source', 'kind'),
    ...distinct('STRING', 'tokenId'),
    ...repeated('STRING', 'class'),
    ...rising('INT32', 'breedCount'),
    // What was paid in a sale, or asked in an offer at observedAt; dollars as the market converted them.
    ...distinct('DOUBLE', 'priceEth', 'priceUsd'),
  ],
  observedAt: ({ observedAt }: MarketEvent) => observedAt,
  pick({ eventId, eventTime, observedAt, origin, source, payload }: MarketEvent) {
    const [name, content] = Object.entries(payload)[0] as [string, MarketContent]
    const { item, ask } = content
    return [
      eventId,
      eventTime,
      observedAt,
      origin,
      source,
      name.slice(name.lastIndexOf('.') + 1),
      content.tokenId ?? item?.tokenId ?? null,
      item?.class ?? null,
      item?.breedCount ?? null,
      decimal(content.priceWei ?? ask?.currentPriceWei ?? null, 1e18),
      decimal(content.priceUsd ?? ask?.currentPriceUsd ?? null, 1),
    ]
  },
}

/** What any payload may have. */
type MarketContent = Readonly<{ item?: Item; tokenId?: string; ask?: Ask; priceWei?: string; priceUsd?: string | null }>

/** The market's decimal string in units; null where it is not a number that a column can hold. */
function decimal(text: string | null, unit: number): number | null {
  const value = text === null || text === '' ? Number.NaN : Number(text) / unit
  return Number.isFinite(value) ? value : null
}

const scoredColumns: readonly Column[] = [
  ...distinct('STRING', 'listingId'),
  ...rising('TIMESTAMP', 'observedAt'),
  ...repeated('STRING', 'source'),
  ...distinct('STRING', 'tokenId'),
  ...repeated('STRING', 'class'),
  ...rising('INT32', 'breedCount'),
  ...distinct('DOUBLE', 'askUsd', 'q05', 'q25', 'q50', 'q75', 'q95', 'novelty'),
  ...repeated('STRING', 'modelId', 'rulesHash', 'backend', 'codeVersion'),
]

function pickScored({ listing, quantilesUsd: q, novelty, modelId, backend, codeVersion }: ScoredListing): ColumnValue[] {
  const { listingId, observedAt, source, item, ask, rulesHash } = listing
  const what = [listingId, observedAt, source, item.tokenId, item.class, item.breedCount, ask.usd]
  return [...what, q.q05, q.q25, q.q50, q.q75, q.q95, novelty, modelId, rulesHash, backend, codeVersion]
}

const scoredListings: TopicColumns = {
  schema: 'ScoredListing',
  columns: scoredColumns,
  observedAt: ({ listing }: ScoredListing) => listing.observedAt,
  pick: pickScored,
}

const alerts: TopicColumns = {
  schema: 'Alert',
  columns: [
    ...distinct('STRING', 'alertId'),
    ...repeated('STRING', 'rule'),
    ...distinct('DOUBLE', 'netGainUsd', 'netGainLowUsd'),
    ...scoredColumns,
  ],
  observedAt: ({ scored }: Alert) => scored.listing.observedAt,
  pick: ({ alertId, rule, netGainUsd, netGainLowUsd, scored }: Alert) => [alertId, rule, netGainUsd, netGainLowUsd, ...pickScored(scored)],
}

const chosenColumns: Readonly<Record<string, TopicColumns>> = {
  'market.events': marketEvents,
  'listings.scored': scoredListings,
  alerts,
}

type Field = Readonly<{ name: string; type: unknown }>

/** Names that the record's own columns have. */
const taken = new Set(['partition', 'offset', 'timestamp', 'key', 'headers', 'value', 'schemaId', 'raw'])

/** Columns of any other topic: the fields of its schema that hold one plain value. */
function scalarColumns(schema: RecordName): TopicColumns {
  const { fields } = readSchemaFiles().get(schema) as unknown as { fields: readonly Field[] }
  const columns = fields.flatMap(({ name, type }): Column[] => {
    const found = scalarType(type)
    return found === null || taken.has(name) ? [] : [{ name, type: found, nature: natureOf[found] }]
  })
  return {
    schema,
    columns,
    pick: (value: Readonly<Record<string, ColumnValue | undefined>>) => columns.map(({ name }) => value[name] ?? null),
    observedAt: null,
  }
}

const natureOf = {
  STRING: 'distinct',
  INT32: 'rising',
  INT64: 'rising',
  DOUBLE: 'distinct',
  BOOLEAN: 'distinct',
  TIMESTAMP: 'rising',
} as const

const scalars: Readonly<Record<string, Column['type']>> = {
  string: 'STRING',
  enum: 'STRING',
  int: 'INT32',
  long: 'INT64',
  float: 'DOUBLE',
  double: 'DOUBLE',
  boolean: 'BOOLEAN',
}

/** Null where the field holds more than one plain value. */
function scalarType(type: unknown): Column['type'] | null {
  if (typeof type === 'string') return scalars[type] ?? null
  if (Array.isArray(type)) {
    const [other, ...more] = type.filter((member) => member !== 'null')
    return more.length === 0 ? scalarType(other) : null
  }
  const { type: inner, logicalType } = type as { type: unknown; logicalType?: string }
  return logicalType === 'timestamp-millis' ? 'TIMESTAMP' : scalarType(inner)
}
