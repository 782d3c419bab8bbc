/**
 * How fast the fold is, on one core:
 *   node scripts/bench-fold.ts SALES.csv
 * Prints one JSON object: sales folded a second, microseconds for a listing's context (with a full history behind it), memory.
 */
import { profileOf } from '#lib/axie/profile.ts'
import { contextFor } from '#lib/market/context.ts'
import { payloadOf } from '#lib/market/event.ts'
import { applyEvent } from '#lib/market/fold.ts'
import { initialMarketState, type MarketState } from '#lib/market/market-state.ts'
import { readSalesFile } from '#lib/market/sale-csv.ts'
import type { MarketEvent } from '#schemas/types.ts'

async function collect(path: string): Promise<MarketEvent[]> {
  const events: MarketEvent[] = []
  for await (const event of readSalesFile(path)) events.push(event)
  return events
}

/** A copy, so that nothing is remembered of having read the event before. */
const freshCopies = (events: readonly MarketEvent[]): MarketEvent[] => events.map((event) => ({ ...event }))

function fold(events: readonly MarketEvent[]): { state: MarketState; perSecond: number } {
  const state = initialMarketState()
  const started = performance.now()
  for (const event of events) applyEvent(state, event)
  return { state, perSecond: (1_000 * events.length) / (performance.now() - started) }
}

function contexts(state: MarketState, events: readonly MarketEvent[]): { p50: number; p99: number; mean: number } {
  const micros: number[] = []
  for (const event of events) {
    const payload = payloadOf(event)
    if (payload.kind !== 'Sale') continue
    const profile = profileOf(payload.value.item)
    const started = performance.now()
    contextFor(state, profile, { seller: '', listingId: event.eventId, observedAt: state.clock })
    micros.push((performance.now() - started) * 1_000)
  }
  micros.sort((a, b) => a - b)
  const at = (share: number): number => Math.round((micros[Math.floor(share * (micros.length - 1))] ?? 0) * 10) / 10
  return { p50: at(0.5), p99: at(0.99), mean: Math.round((10 * micros.reduce((sum, one) => sum + one, 0)) / micros.length) / 10 }
}

/** As the training set is made: the context before each sale, then the sale; sales of one second do not see each other. */
function examples(events: readonly MarketEvent[]): number {
  const state = initialMarketState()
  const started = performance.now()
  let waiting: MarketEvent[] = []
  for (const event of events) {
    if (waiting[0] !== undefined && waiting[0].eventTime < event.eventTime) {
      for (const sold of waiting) applyEvent(state, sold)
      waiting = []
    }
    const payload = payloadOf(event)
    if (payload.kind === 'Sale')
      contextFor(state, profileOf(payload.value.item), { seller: '', listingId: event.eventId, observedAt: event.observedAt })
    waiting.push(event)
  }
  return Math.round((1_000 * events.length) / (performance.now() - started))
}

async function main(path: string | undefined): Promise<number> {
  if (path === undefined) {
    console.error('expected a file of sales: node scripts/bench-fold.ts SALES.csv')
    return 2
  }
  const started = performance.now()
  const events = await collect(path)
  const readSeconds = (performance.now() - started) / 1_000
  fold(freshCopies(events).slice(0, 10_000))
  const { state, perSecond } = fold(freshCopies(events))
  const answer = {
    sales: events.length,
    readSeconds: Math.round(readSeconds * 100) / 100,
    foldedPerSecond: Math.round(perSecond),
    contextMicroseconds: contexts(state, events.slice(-20_000)),
    examplesPerSecond: examples(freshCopies(events)),
    rssMegabytes: Math.round(process.memoryUsage.rss() / 1e6),
  }
  console.log(JSON.stringify(answer, null, 2))
  return 0
}

process.exitCode = await main(process.argv[2])
