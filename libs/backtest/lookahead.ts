/**
 * Whether any number has seen the future: the input is cut at a moment and played again, trainings included. Whatever was computed for a
 * listing before that moment must come out the same to the byte.
 */
import { createHash } from 'node:crypto'
import type { FeaturizedListing } from '#schemas/types.ts'
import type { Decided } from './chain.ts'

/** What was made of one listing, in the order of play. */
export type Traced = {
  readonly listingId: string
  readonly observedAt: number
  /** float32, little endian. */
  readonly vector: Buffer
  /** Hashes; empty where nothing was made (a dead letter). `forecast`: quantiles and novelty alone, which know nothing of the ask. */
  forecast: string
  score: string
  alerts: string
}

export type Tracer = Readonly<{
  trace: readonly Traced[]
  onFeatures(listing: FeaturizedListing): void
  onDecided(decided: Decided): void
}>

export function createTracer(): Tracer {
  const trace: Traced[] = []
  const byEvent = new Map<string, Traced>()
  return {
    trace,
    onFeatures({ listing, vector }) {
      const traced = { listingId: listing.listingId, observedAt: listing.observedAt, vector, forecast: '', score: '', alerts: '' }
      trace.push(traced)
      byEvent.set(listing.eventId, traced)
    },
    onDecided({ scored, verdicts }) {
      const traced = byEvent.get(scored.listing.eventId) as Traced
      traced.forecast = hashOf([scored.quantilesUsd, scored.novelty])
      traced.score = hashOf(scored)
      traced.alerts = hashOf(verdicts)
    },
  }
}

const hashOf = (record: unknown): string => createHash('sha256').update(JSON.stringify(record)).digest('hex')

export type Leak = Readonly<{
  listingId: string
  observedAt: number
  what: 'features' | 'forecast' | 'score' | 'alerts' | 'listings'
  /** Names of the features that differ. */
  features: readonly string[]
}>

export type TraceComparison = Readonly<{ cutAt: number; compared: number; leak: Leak | null }>

/** `differing`: the first day whose model came out another, milliseconds. */
export type LookaheadResult = TraceComparison &
  Readonly<{ models: Readonly<{ compared: number; differing: number | null }>; withinSecond: WithinSecondResult }>

/** A cut cannot see within an event's own second: see within-second.ts. `seconds` and `listings`: how many were tried. */
export type WithinSecondResult = Readonly<{ seconds: number; listings: number; leak: Leak | null }>

export const isLeakFree = ({ leak, models, withinSecond }: LookaheadResult): boolean =>
  leak === null && models.differing === null && withinSecond.leak === null

/**
 * @param whole the trace of everything
 * @param cut the trace of what happened before `cutAt`
 * @param margin milliseconds before an event that its listing may lie: what is this close to the cut need not be in both
 */
export function compareTraces(
  whole: readonly Traced[],
  cut: readonly Traced[],
  { cutAt, margin, featureNames }: Readonly<{ cutAt: number; margin: number; featureNames: readonly string[] }>,
): TraceComparison {
  for (const [index, now] of cut.entries()) {
    const before = whole[index]
    const leak = before === undefined ? missing(now) : leakBetween(before, now, featureNames)
    if (leak !== null) return { cutAt, compared: index, leak }
  }
  const next = whole[cut.length]
  const leak = next !== undefined && next.observedAt < cutAt - margin ? missing(next) : null
  return { cutAt, compared: cut.length, leak }
}

const missing = ({ listingId, observedAt }: Traced): Leak => ({ listingId, observedAt, what: 'listings', features: [] })

function leakBetween(whole: Traced, cut: Traced, featureNames: readonly string[]): Leak | null {
  const { listingId, observedAt } = whole
  if (listingId !== cut.listingId) return missing(whole)
  const features = differingFeatures(whole, cut, featureNames)
  if (features !== null) return { listingId, observedAt, what: 'features', features }
  if (whole.score !== cut.score) return { listingId, observedAt, what: 'score', features: [] }
  if (whole.alerts !== cut.alerts) return { listingId, observedAt, what: 'alerts', features: [] }
  return null
}

/** Null where all are the same. */
export function differingFeatures(one: Traced, other: Traced, featureNames: readonly string[]): readonly string[] | null {
  if (one.vector.equals(other.vector)) return null
  const bytesOf = ({ vector }: Traced, place: number): Buffer => vector.subarray(place * 4, place * 4 + 4)
  return featureNames.filter((_, place) => !bytesOf(one, place).equals(bytesOf(other, place)))
}
