import { systemClock } from '#lib/clock/clock.ts'
import { type TopicName, topicName } from '#lib/market/topics.ts'
import type { LogRecord } from '#lib/stream/log.ts'
import { collectedAtHeader } from '#lib/stream/runtime/runner-metrics.ts'
import { createFeed, feedRecord } from './market-feed.ts'
import type { Pipeline } from './pipeline.ts'

/** Listings that flow at a steady rate while a test changes something, and what a read-committed reader saw come out of a stage. */
export type SteadyLoad = Readonly<{
  /** Sends some at once, beside the steady ones. */
  burst(count: number): Promise<void>
  /** Ends the flow, and waits until every listing came out, or patience ends. */
  finish(): Promise<void>
  sent(): number
  /** Events before the first listing. */
  history(): number
  /** Listings that came out, in order; twice where it did so twice. */
  seen(): readonly Seen[]
  stop(): Promise<void>
}>

/** `at`: when it was read, `latencyMillis`: since it was sent. */
type Seen = Readonly<{ listingId: string; at: number; latencyMillis: number }>

type LoadOptions = Readonly<{
  pipeline: Pipeline
  perSecond: number
  /** How many there are at most: they are made before the flow begins. */
  most: number
  /** Hours of sales before the first listing, 200 an hour. Default 24. */
  historyHours?: number
  /** Where listings are counted. */
  output: Extract<TopicName, 'listings.enriched' | 'listings.scored'>
}>

const tickMillis = 20
const patienceMillis = 120_000

export async function startSteadyLoad({ pipeline, perSecond, most, historyHours = 24, output }: LoadOptions): Promise<SteadyLoad> {
  const { prefix, backend, playFrom } = pipeline
  const feed = createFeed({ start: playFrom, historyHours, listings: most, everyMillis: 1_000, askShare: 0.8 })
  const producer = backend.log.producer()
  await backend.codec.prepare(['MarketEvent'])
  await producer.send(feed.history.map((event) => feedRecord(backend.codec, prefix, event)))
  const seen: Seen[] = []
  const follower = await backend.log.follow([topicName(prefix, output)], async (records) => {
    for (const record of records) seen.push(await seenOf(record, pipeline, output))
  })
  let next = 0
  const send = async (count: number) => {
    const some = feed.listings.slice(next, next + count)
    next += some.length
    const now = systemClock.now()
    await producer.send(some.map((event) => feedRecord(backend.codec, prefix, event, now)))
  }
  const stopping = new AbortController()
  const flowing = flow(perSecond, send, stopping.signal)
  return {
    burst: send,
    sent: () => next,
    history: () => feed.history.length,
    seen: () => seen,
    async finish() {
      stopping.abort()
      await flowing
      const deadline = systemClock.monotonic() + patienceMillis
      while (new Set(seen.map(({ listingId }) => listingId)).size < next && systemClock.monotonic() < deadline) await systemClock.sleep(200)
      // What a late duplicate would need.
      await systemClock.sleep(3_000)
    },
    async stop() {
      stopping.abort()
      await flowing
      await follower.stop()
      await producer.close()
    },
  }
}

async function flow(perSecond: number, send: (count: number) => Promise<void>, signal: AbortSignal): Promise<void> {
  const begun = systemClock.monotonic()
  for (let sent = 0; !signal.aborted; await systemClock.sleep(tickMillis)) {
    const due = Math.floor(((systemClock.monotonic() - begun) * perSecond) / 1_000) - sent
    if (due > 0) await send(due)
    sent += due
  }
}

async function seenOf(record: LogRecord, { backend }: Pipeline, output: LoadOptions['output']): Promise<Seen> {
  const at = systemClock.now()
  const listing =
    output === 'listings.enriched'
      ? await backend.codec.decode('EnrichedListing', record.value as Buffer)
      : (await backend.codec.decode('ScoredListing', record.value as Buffer)).listing
  return { listingId: listing.listingId, at, latencyMillis: at - Number(record.headers[collectedAtHeader]) }
}

/** The longest time in which nothing came out, of what was seen from one moment to another. */
export function longestPause(seen: readonly Seen[], from: number, to: number): number {
  const times = [from, ...seen.map(({ at }) => at).filter((at) => at > from && at < to), to].sort((a, b) => a - b)
  return times.reduce((longest, time, index) => Math.max(longest, index === 0 ? 0 : time - times[index - 1]!), 0)
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}
