import { createHash } from 'node:crypto'
import { systemClock } from '#lib/clock/clock.ts'
import { hourMillis } from '#lib/clock/durations.ts'
import { RejectedError } from '#lib/errors/errors.ts'
import { canonicalJson } from '#lib/objectstore/canonical-json.ts'
import { type CleansingOptions, cleanse, countsOf, type LeftOut } from '#lib/validation/cleansing.ts'
import type { Profile } from '#lib/validation/profile.ts'
import type { SaleRow } from '#lib/validation/sale-row.ts'
import { type Validation, validateRows } from '#lib/validation/validate.ts'
import type { MarketEvent, Source } from '#schemas/types.ts'
import type { ArchivedObject, RawEntry, RawSales, Span } from './raw-sales.ts'
import { readSales, type SalesSource } from './sales-source.ts'

export type TrainingSalesOptions = Readonly<{
  data: SalesSource
  cleansing: CleansingOptions
  /** The last accepted data set of that market, where these sales are to be compared with it. */
  referenceOf?: ((source: Source) => Promise<Profile | null>) | undefined
}>

/** Sales that a model may learn from, and what was done to them. */
export type TrainingSales = Readonly<{
  /** For people: where they come from. */
  name: string
  source: Source
  dataset: DatasetIdentity
  /** In the order in which they were known: all that the fold takes, for the features need them as history. */
  events: readonly MarketEvent[]
  /** Ids of sales that are history and no example. */
  historyOnly: ReadonlySet<string>
  /** All of the source's part, as they stand there. */
  rows: readonly SaleRow[]
  validation: Validation
  reference: Profile | null
  /** By reason. */
  leftOut: Readonly<Record<string, number>>
}>

/** `id`: hash of the document, which names what was read and how it was cleansed; of a file without one, of the sales themselves. */
export type DatasetIdentity = Readonly<{ id: string; document: string | null }>

/** Where that document lies. */
export const datasetKey = (id: string): string => `datasets/${id}.json`

/** A sale that came to light this long after it happened is no example: the market had moved on, and "just before it" is long gone. */
const lateMillis = hourMillis

/** Sales of a source that a model may learn from, before those are taken out that it will not. */
export type JudgedSales = Readonly<{
  raw: RawSales
  rows: readonly SaleRow[]
  leftOut: LeftOut
  validation: Validation
  reference: Profile | null
}>

/** `judgeSales`, then `cleanSales`. */
export const readTrainingSales = async (options: TrainingSalesOptions): Promise<TrainingSales> =>
  cleanSales(await judgeSales(options), options)

/**
 * Source → cleansing, where asked for → the suite. RejectedError: bad_sales_file (no such columns, not a CSV), data_refused, with every
 * expectation that failed. FatalError where an archive cannot be read.
 */
export async function judgeSales({ data, cleansing, referenceOf }: TrainingSalesOptions): Promise<JudgedSales> {
  const raw = await readSales(data)
  const rows = raw.entries.flatMap(({ row }) => row ?? [])
  const leftOut = cleanse(rows, cleansing)
  const reference = (await referenceOf?.(raw.source)) ?? null
  const validation = validateRows(raw.suite, judgedRows(rows, leftOut), { asOf: systemClock.now(), reference })
  if (!validation.accepted) throw refusal(raw.name, validation)
  return { raw, rows, leftOut, validation, reference }
}

/** Those not drawn are judged too: a draw is no judgement of the source. */
const judgedRows = (rows: readonly SaleRow[], leftOut: LeftOut): SaleRow[] =>
  rows.filter((_, place) => (leftOut.get(place) ?? 'not drawn') === 'not drawn')

/** → events, and which of them are no examples. */
export function cleanSales(
  { raw, rows, leftOut, validation, reference }: JudgedSales,
  { data, cleansing }: TrainingSalesOptions,
): TrainingSales {
  const judged = judgedRows(rows, leftOut)
  const broken = new Set([...validation.badRows].map((index) => judged[index]))
  const late = rows.filter(({ observedAt, time }) => observedAt !== null && typeof time === 'number' && observedAt - time > lateMillis)
  const noExamples = new Set([...[...leftOut.keys()].map((place) => rows[place]), ...broken, ...late])
  const { refused, repeated, ...known } = eventsOf(raw.entries, (row) => !noExamples.has(row))
  return {
    ...known,
    name: raw.name,
    source: raw.source,
    dataset: identityOf(raw, known, { span: data.kind === 'archive' ? data.span : null, cleansing }),
    rows,
    validation,
    reference,
    leftOut: withoutZeros({
      ...raw.passedOver,
      ...countsOf(leftOut),
      broken: broken.size,
      'known late': late.length,
      'refused by the fold': refused,
      'second sale of an axie at one time': repeated,
    }),
  }
}

const withoutZeros = (counts: Readonly<Record<string, number>>) =>
  Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0))

type Known = Pick<TrainingSales, 'events' | 'historyOnly'>

/** What is no example stays history wherever the fold takes it: the live market will show it to the features, too. */
function eventsOf(entries: readonly RawEntry[], isExample: (row: SaleRow) => boolean): Known & { refused: number; repeated: number } {
  const events: MarketEvent[] = []
  const historyOnly = new Set<string>()
  const seen = new Set<string>()
  let [refused, repeated] = [0, 0]
  for (const entry of entries) {
    const { row } = entry
    const event = eventOrNone(entry)
    if (event === null && (row === null || isExample(row))) refused++
    if (event === null) continue
    if (seen.has(event.eventId)) {
      if (row !== null && isExample(row)) repeated++
      continue
    }
    seen.add(event.eventId)
    events.push(event)
    if (row !== null && !isExample(row)) historyOnly.add(event.eventId)
  }
  return { events, historyOnly, refused, repeated }
}

function eventOrNone(entry: RawEntry): MarketEvent | null {
  try {
    return entry.event()
  } catch (error) {
    if (error instanceof RejectedError) return null
    throw error
  }
}

/** Objects of an archive never change: their list is the data. A file may: its sales are. */
function identityOf({ objects }: RawSales, { events, historyOnly }: Known, taken: Taken): DatasetIdentity {
  if (objects !== null) return identityOfObjects(objects, taken)
  const hash = createHash('sha256')
  for (const { eventId, payload } of events) hash.update(`${historyOnly.has(eventId) ? 'history ' : ''}${JSON.stringify(payload)}`)
  return { id: hash.digest('hex'), document: null }
}

type Taken = Readonly<{ span: Span | null; cleansing: CleansingOptions }>

export function identityOfObjects(objects: readonly ArchivedObject[], taken: Taken): DatasetIdentity & { document: string } {
  const document = canonicalJson({ topic: 'market.events', ...taken, objects })
  return { id: createHash('sha256').update(document).digest('hex'), document }
}

function refusal(file: string, { results }: Validation): RejectedError {
  const lines = results
    .filter(({ severity, status }) => severity === 'error' && status === 'failed')
    .map(({ name, expected, found, examples }) => `  ${name}: expected ${expected}; found ${found}${whereOf(examples)}`)
  const advice =
    'flipstream validate (--sales FILE or --archive URI) with --report FILE.html shows the rows; flipstream train --help lists what can be left out'
  return new RejectedError('data_refused', `a model must not learn from ${file}:\n${lines.join('\n')}\n${advice}`)
}

const whereOf = ([first]: Validation['results'][number]['examples']): string => (first === undefined ? '' : ` (first: ${first.where})`)
