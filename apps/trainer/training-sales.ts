import { systemClock } from '#lib/clock/clock.ts'
import { eventOfRawSale, type RawSale, readRawSales } from '#lib/market/sale-csv.ts'
import { RejectedError } from '#lib/stream/errors.ts'
import { type CleansingOptions, cleanse, countsOf, type LeftOut, type LeftOutReason } from '#lib/validation/cleansing.ts'
import type { Profile } from '#lib/validation/profile.ts'
import { rowOfRawSale, type SaleRow } from '#lib/validation/sale-row.ts'
import { salesFileSuite } from '#lib/validation/suites.ts'
import { type Validation, validateRows } from '#lib/validation/validate.ts'
import type { MarketEvent, Source } from '#schemas/types.ts'
import type { TrainingPart } from './arguments.ts'

export type TrainingSalesOptions = Readonly<{
  salesFile: string
  part: TrainingPart
  source: Source
  cleansing: CleansingOptions
  /** The last accepted data set, where these are to be compared with it. */
  reference: Profile | null
}>

/** Sales that a model may learn from, and what was done to them. */
export type TrainingSales = Readonly<{
  /** In the order of time: all that are whole, for the features need them as history. */
  events: readonly MarketEvent[]
  /** Ids of events that are history and no example: left out by cleansing. */
  historyOnly: ReadonlySet<string>
  /** All of the file's part, as they stand there. */
  rows: readonly SaleRow[]
  validation: Validation
  leftOut: Readonly<Partial<Record<LeftOutReason | 'broken', number>>>
}>

/**
 * File → cleansing, where asked for → the suite → events. RejectedError: bad_sales_file (no such columns, not a CSV), data_refused, with
 * every expectation that failed.
 */
export async function readTrainingSales(options: TrainingSalesOptions): Promise<TrainingSales> {
  const raws = await readPart(options)
  const rows = raws.map(rowOfRawSale)
  const leftOut = cleanse(rows, options.cleansing)
  // Those not drawn are judged too: a draw is no judgement of the source.
  const judged = rows.flatMap((_, place) => ((leftOut.get(place) ?? 'not drawn') === 'not drawn' ? [place] : []))
  const judgedRows = judged.map((place) => rows[place] as SaleRow)
  const validation = validateRows(salesFileSuite, judgedRows, { asOf: systemClock.now(), reference: options.reference })
  if (!validation.accepted) throw refusal(options.salesFile, validation)
  const broken = new Set([...validation.badRows].map((index) => judged[index] as number))
  return { ...eventsOf(raws, leftOut, broken, options.source), validation, leftOut: { ...countsOf(leftOut), broken: broken.size }, rows }
}

async function readPart({ salesFile, part }: TrainingSalesOptions): Promise<RawSale[]> {
  const raws: RawSale[] = []
  for await (const raw of readRawSales(salesFile)) {
    if ('until' in part && Number(raw.cells['time']) * 1_000 >= part.until) break
    raws.push(raw)
  }
  return 'fraction' in part ? raws.slice(0, Math.floor(raws.length * part.fraction)) : raws
}

function eventsOf(raws: readonly RawSale[], leftOut: LeftOut, broken: ReadonlySet<number>, source: Source) {
  const events: MarketEvent[] = []
  const historyOnly = new Set<string>()
  const seen = new Set<string>()
  raws.forEach((raw, place) => {
    if (broken.has(place)) return
    const event = leftOut.has(place) ? eventOrNone(raw, source) : eventOfRawSale(raw, { source })
    if (event === null || seen.has(event.eventId)) return
    seen.add(event.eventId)
    events.push(event)
    if (leftOut.has(place)) historyOnly.add(event.eventId)
  })
  return { events, historyOnly }
}

/** What was left out was not judged: it may be no sale at all, and then it is no history either. */
function eventOrNone(raw: RawSale, source: Source): MarketEvent | null {
  try {
    return eventOfRawSale(raw, { source })
  } catch (error) {
    if (error instanceof RejectedError) return null
    throw error
  }
}

function refusal(file: string, { results }: Validation): RejectedError {
  const lines = results
    .filter(({ severity, status }) => severity === 'error' && status === 'failed')
    .map(({ name, expected, found, examples }) => `  ${name}: expected ${expected}; found ${found}${whereOf(examples)}`)
  const advice = 'flipstream validate --sales FILE --report FILE.html shows the rows; flipstream train --help lists what can be left out'
  return new RejectedError('data_refused', `a model must not learn from ${file}:\n${lines.join('\n')}\n${advice}`)
}

const whereOf = ([first]: Validation['results'][number]['examples']): string => (first === undefined ? '' : ` (first: ${first.where})`)
