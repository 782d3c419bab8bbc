/**
 * How fast the fold is, on one core:
 *   node scripts/bench/fold.ts SALES.csv
 * Prints one JSON object. Rates are given by the clock and by CPU time (garbage collection's threads included): on a busy machine only the
 * second says something about the code.
 */
import { profileOf } from '#lib/axie/profile.ts'
import { payloadOf } from '#lib/market/event.ts'
import { contextFor } from '#lib/market/fold/context.ts'
import { applyEvent } from '#lib/market/fold/fold.ts'
import { initialMarketState, type MarketState } from '#lib/market/fold/market-state.ts'
import { readSalesFile } from '#lib/market/sale-csv.ts'
import type { MarketEvent } from '#schemas/types.ts'

async function collect(path: string): Promise<MarketEvent[]> {
  const events: MarketEvent[] = []
  for await (const event of readSalesFile(path)) events.push(event)
  return events
}

/** Copies, so that nothing is remembered of having read the events before. */
const freshCopies = (events: readonly MarketEvent[]): MarketEvent[] => events.map((event) => ({ ...event }))

type Rate = Readonly<{ perSecond: number; perCpuSecond: number }>

function measured<Answer>(count: number, act: () => Answer): { answer: Answer; rate: Rate } {
  const [started, cpu] = [performance.now(), process.cpuUsage()]
  const answer = act()
  const { user, system } = process.cpuUsage(cpu)
  const rate = {
    perSecond: Math.round((1_000 * count) / (performance.now() - started)),
    perCpuSecond: Math.round((1e6 * count) / (user + system)),
  }
  return { answer, rate }
}

function fold(events: readonly MarketEvent[]): MarketState {
  const state = initialMarketState()
  for (const event of events) applyEvent(state, event)
  return state
}

/** Microseconds for the context of each of these axies, with a full history behind it. */
function contextMicroseconds(state: MarketState, events: readonly MarketEvent[]) {
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
  return { p50: at(0.5), p90: at(0.9), p99: at(0.99) }
}

/** As the training set is made: the context before each sale, then the sale; sales of one second do not see each other. */
function examples(events: readonly MarketEvent[]): void {
  const state = initialMarketState()
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
}

async function main(path: string | undefined): Promise<number> {
  if (path === undefined) {
    console.error('expected a file of sales: node scripts/bench/fold.ts SALES.csv')
    return 2
  }
  const events = await collect(path)
  fold(freshCopies(events).slice(0, 10_000))
  const copies = freshCopies(events)
  const { answer: state, rate: folded } = measured(events.length, () => fold(copies))
  const last = events.slice(-20_000)
  const contexts = contextMicroseconds(state, last)
  const again = freshCopies(events)
  const { rate: trained } = measured(events.length, () => examples(again))
  const rssMegabytes = Math.round(process.memoryUsage.rss() / 1e6)
  console.log(JSON.stringify({ sales: events.length, folded, contextMicroseconds: contexts, examples: trained, rssMegabytes }, null, 2))
  return 0
}

process.exitCode = await main(process.argv[2])
