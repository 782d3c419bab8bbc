import type { Archive } from '#lib/archive/archive.ts'
import type { Manifest } from '#lib/archive/manifest.ts'
import { readObject } from '#lib/archive/read.ts'
import { dayMillis } from '#lib/clock/durations.ts'
import type { Codec } from '#lib/codec/codec.ts'
import { FatalError, RejectedError } from '#lib/errors/errors.ts'
import { payloadOf } from '#lib/market/event.ts'
import type { LogRecord } from '#lib/stream/log.ts'
import { rowOfEvent } from '#lib/validation/sale-row.ts'
import { archiveSuite } from '#lib/validation/suites.ts'
import type { MarketEvent, Source } from '#schemas/types.ts'
import { type ArchivedObject, foldable, type RawEntry, type RawSales, type Span } from './raw-sales.ts'

/**
 * The sales of an archive in the order of its log, and what features know beside them (leaderboards, exchange rates). Asks are passed over
 * as they are read: no feature may know them (libs/features/feature-set.ts), and a month of them would not fit in memory. A record that was
 * redriven is met twice, and counts where it was met first.
 * @param only these objects, where they were named before; else all that hold anything of the span
 */
export async function readArchivedSales(archive: Archive, asked: Span, only: readonly ArchivedObject[] | null = null): Promise<RawSales> {
  const { source, span, ...sales } = await readSpan(archive, asked, only)
  if (source === null) throw new FatalError(`archive ${archive.name}: expected events of a market${spanText(span)}, found none`)
  return { ...sales, source }
}

/** The same; `source` is null where the archive holds no event of the span, which may be all that there is to know. */
export async function readSpan(archive: Archive, asked: Span, only: readonly ArchivedObject[] | null = null) {
  const codec = archive.codec(await archive.newest('market.events'))
  const { manifests, span } = await manifestsIn(archive, asked, only)
  const entries: RawEntry[] = []
  const met = new Set<string>()
  const passedOver = { undecodable: 0, 'met before': 0 }
  let source: Source | null = null
  for (const manifest of manifests)
    for (const record of await readObject(archive.store, manifest)) {
      const event = await decodedOrNone(codec, record)
      if (event === null) passedOver.undecodable++
      if (event === null || !isWithin(event.observedAt, span)) continue
      source = event.source
      const entry = entryOf(event, record)
      if (entry === null) continue
      if (met.has(event.eventId)) passedOver['met before']++
      else entries.push(entry)
      met.add(event.eventId)
    }
  return { name: archive.name, source, span, suite: archiveSuite, entries, passedOver, objects: manifests.map(objectOf) }
}

/** The objects that hold anything of a span, as of now. */
export const archivedObjects = async (archive: Archive, span: Span): Promise<ArchivedObject[]> =>
  (await manifestsIn(archive, span, null)).manifests.map(objectOf)

async function manifestsIn(archive: Archive, asked: Span, only: readonly ArchivedObject[] | null) {
  const all = await archive.manifests(await archive.newest('market.events'))
  const span = fromOf(asked, Math.max(0, ...all.map(({ maxObservedAt }) => maxObservedAt ?? 0)))
  if (only === null) return { manifests: all.filter((manifest) => overlaps(manifest, span)), span }
  const manifests = only.map((named) => {
    const found = all.find((manifest) => JSON.stringify(objectOf(manifest)) === JSON.stringify(named))
    if (found !== undefined) return found
    throw new FatalError(
      `archive ${archive.name}: expected the object of offsets ${named.begin} to ${named.end} with sha256 ${named.sha256}, found none`,
    )
  })
  return { manifests, span }
}

const objectOf = ({ partition, begin, end, sha256 }: ArchivedObject): ArchivedObject => ({ partition, begin, end, sha256 })

type Bounds = Pick<Span, 'from' | 'until'>

const fromOf = ({ from, until, days }: Span, newest: number): Bounds => ({
  from: days === null ? from : (until ?? newest) - days * dayMillis,
  until,
})

const overlaps = ({ minObservedAt, maxObservedAt }: Manifest, { from, until }: Bounds): boolean =>
  (from === null || maxObservedAt === null || maxObservedAt >= from) && (until === null || minObservedAt === null || minObservedAt < until)

const isWithin = (time: number, { from, until }: Bounds): boolean => (from === null || time >= from) && (until === null || time < until)

/** Null for a record that is archived verbatim because nobody can decode it: it was a dead letter. */
async function decodedOrNone(codec: Codec, { value }: LogRecord): Promise<MarketEvent | null> {
  try {
    return value === null ? null : await codec.decode('MarketEvent', value)
  } catch (error) {
    if (error instanceof RejectedError) return null
    throw error
  }
}

/** Null for an event that no feature knows. */
function entryOf(event: MarketEvent, { partition, offset }: LogRecord): RawEntry | null {
  const { kind } = payloadOf(event)
  const row = rowOfEvent(event, `partition ${partition} offset ${offset}`)
  if (row === null && kind !== 'ExchangeRate' && kind !== 'LeaderboardSnapshot') return null
  return { row, event: () => foldable(event) }
}

function spanText({ from, until }: Bounds): string {
  const text = (word: string, time: number | null) => (time === null ? '' : ` ${word} ${new Date(time).toISOString()}`)
  return `${text('from', from)}${text('until', until)}`
}
