/**
 * Two hours of a busy market, 50 events a second, played to the dashboard and to a page that is open all the while: does either grow?
 *   node bin/node.mjs scripts/bench/dashboard.ts [--events 360000] [--rate 2000] [--screenshot FILE.png] [--json]
 * Half of the events are listings and sales in market.events, half are scored listings, one in 100 is an alert, one in 100 its outcome. They
 * go through a real broker to the dashboard's process and from there to Chromium. Played faster than real, so the page is shown at most 60
 * new rows four times a second: what it could not keep up with it would skip in real time too.
 */
import { parseArgs } from 'node:util'
import { systemClock as clock, randomId } from '#lib/clock/clock.ts'
import { payloadOf } from '#lib/market/event.ts'
import { topicName } from '#lib/market/topics.ts'
import { sampleOutcome } from '#lib/outcomes/testing/outcome-samples.ts'
import { sampleScored, scoredWith } from '#lib/rules/testing/scored-listing-samples.ts'
import type { AppProcess } from '#lib/running/processes.ts'
import { resolveStack } from '#lib/stack/resolve.ts'
import { sampleAlert } from '#lib/stages/testing/alert-samples.ts'
import type { NewRecord } from '#lib/stream/log.ts'
import { collectedAtHeader } from '#lib/stream/runtime/runner-metrics.ts'
import type { MarketEvent, ScoredListing } from '#schemas/types.ts'
import { complaintsOf, openBrowser } from '../../tests/browser.ts'
import { pageOf, untilStatus } from '../../tests/dashboard-process.ts'
import { createFeed, feedRecord } from '../../tests/market-feed.ts'
import { createPipeline, type Pipeline } from '../../tests/pipeline.ts'
import { machineNow } from './machine.ts'

const looks = 8
/** One in this many of the market's events is a sale, and has an alert with its outcome. */
const saleEvery = 5
const alertEvery = 50
/** What the others see of an event of the market: itself, its score unless it is a sale, now and then an alert and an outcome. */
const recordsPerEvent = 1 + (1 - 1 / saleEvery) + 2 / alertEvery
const together = 250

const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '360000' },
    rate: { type: 'string', default: '2000' },
    screenshot: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
})
const [eventCount, rate] = [Number(values.events), Number(values.rate)]
const say = (line: string) => void process.stderr.write(`${line}\n`)

const stack = await resolveStack({ env: process.env, onProgress: say, allowEmbedded: false })
if (stack.kind === 'embedded') throw new Error('this benchmark needs a real broker')

/** The market's events of the two hours, in order: generated listings, each of another axie, and generated sales. */
function marketOf(start: number, count: number): { history: readonly MarketEvent[]; events: readonly MarketEvent[] } {
  const sales = Math.ceil(count / saleEvery)
  const { history, listings } = createFeed({
    start,
    historyHours: 24 + Math.ceil(sales / 200),
    listings: count - sales,
    everyMillis: 40,
    askShare: 0.8,
  })
  const sold = history.slice(-sales).map((event): MarketEvent => ({ ...event, origin: 'live', observedAt: start }))
  const events: MarketEvent[] = []
  for (let index = 0; events.length < count; index++) {
    const event = index % saleEvery === 0 ? sold.pop() : listings[events.length - Math.ceil(index / saleEvery)]
    if (event !== undefined) events.push(event)
  }
  return { history: history.slice(0, -sales), events }
}

/** The listing as a scorer would tell of it: its identity on the evidence of a sample. */
function scoredOf(event: MarketEvent): ScoredListing | null {
  const { kind, value } = payloadOf(event)
  if (kind !== 'Listing') return null
  const { listingId, item, seller, ask } = value
  const { tokenId, breedCount } = item
  const profile = { ...sampleScored.listing.item, tokenId, breedCount, class: item.class.toLowerCase() }
  const listing = { listingId, eventId: event.eventId, source: event.source, observedAt: event.observedAt, item: profile, seller }
  return scoredWith({ listing, ask: { startedAt: ask.startedAt } })
}

function recordsOf(pipeline: Pipeline, event: MarketEvent, number: number): NewRecord[] {
  const { backend, prefix } = pipeline
  const now = clock.now()
  const headers = { [collectedAtHeader]: String(now) }
  const record = (topic: Parameters<typeof topicName>[1], value: Buffer) => ({
    topic: topicName(prefix, topic),
    key: String(number),
    value,
    headers,
  })
  const scored = scoredOf(event)
  if (scored === null) return [feedRecord(backend.codec, prefix, event, now)]
  const alert = sampleAlert(scored, { alertId: `${scored.listing.listingId}:default` })
  const { listingId, item, observedAt } = scored.listing
  const became = {
    alertId: alert.alertId,
    listingId,
    tokenId: item.tokenId,
    alertedAt: observedAt,
    status: 'resold',
    netUsd: 20,
    resoldUsd: 110,
  } as const
  return [
    feedRecord(backend.codec, prefix, event, now),
    record('listings.scored', backend.codec.encode('ScoredListing', scored)),
    ...(number % alertEvery === 1 ? [record('alerts', backend.codec.encode('Alert', alert))] : []),
    ...(number % alertEvery === 1 ? [record('outcomes', backend.codec.encode('Outcome', sampleOutcome(became)))] : []),
  ]
}

type Look = Readonly<{ events: number; rssMegabytes: number; pageHeapMegabytes: number; pageNodes: number; rows: number; cards: number }>

async function openPage(url: string) {
  const browser = await openBrowser()
  const context = await browser.context()
  const page = await context.newPage()
  const complaints = complaintsOf(page)
  await page.goto(url)
  await page.locator('#link[data-connected=yes]').waitFor()
  const devtools = await context.newCDPSession(page)
  await devtools.send('Performance.enable')
  return {
    page,
    complaints,
    async look(events: number, dashboard: AppProcess): Promise<Look> {
      await devtools.send('HeapProfiler.collectGarbage')
      const { metrics } = await devtools.send('Performance.getMetrics')
      const metric = (wanted: string) => metrics.find(({ name }) => name === wanted)?.value ?? Number.NaN
      return {
        events,
        rssMegabytes: Math.round((await dashboard.metrics()).rssBytes / 2 ** 20),
        pageHeapMegabytes: Number((metric('JSHeapUsedSize') / 2 ** 20).toFixed(1)),
        pageNodes: metric('Nodes'),
        rows: await page.locator('#listing-rows tr').count(),
        cards: await page.locator('#alert-cards > li').count(),
      }
    },
    close: () => browser.close(),
  }
}

const pipeline = await createPipeline({ servers: stack, prefix: `bench-${randomId().slice(0, 8)}.`, onProgress: say })
const { log, codec } = pipeline.backend
await codec.prepare(['MarketEvent', 'ScoredListing', 'Alert', 'Outcome'])
const producer = log.producer()
const { history, events } = marketOf(pipeline.playFrom, Math.round(eventCount / recordsPerEvent))
await producer.send(history.map((event) => feedRecord(codec, pipeline.prefix, event)))
const dashboard = pipeline.start('dashboard', { DASHBOARD_PORT: '0' })
const url = await pageOf(dashboard)
await untilStatus(url, ({ caughtUp, marketTime }) => caughtUp && marketTime !== null)
const visitor = await openPage(url)
const seen: Look[] = []
const startedAt = clock.now()
const look = async (count: number) => {
  seen.push(await visitor.look(count, dashboard))
  say(JSON.stringify(seen.at(-1)))
}
await look(0)
let [sent, scored] = [0, 0]
for (let from = 0; from < events.length; from += together) {
  const records = events.slice(from, from + together).flatMap((event, index) => recordsOf(pipeline, event, from + index))
  await producer.send(records)
  sent += records.length
  scored += records.filter(({ topic }) => topic.endsWith('listings.scored')).length
  await clock.sleep(Math.max(0, startedAt + (sent / rate) * 1_000 - clock.now()))
  if (seen.length <= (from / events.length) * looks) await look(sent)
}
await untilStatus(url, ({ counts }) => counts.scored >= scored)
const playSeconds = (clock.now() - startedAt) / 1_000
await look(sent)
if (values.screenshot !== undefined) await visitor.page.screenshot({ path: values.screenshot })
const { cpuSeconds } = await dashboard.metrics()
const complaints = [...visitor.complaints]
await visitor.close()
await producer.close()
await pipeline.discard()

const machine = machineNow()
if (values.json) process.stdout.write(`${JSON.stringify({ machine, sent, playSeconds, cpuSeconds, seen, complaints })}\n`)
else {
  const lines = seen.map(
    ({ events: count, rssMegabytes, pageHeapMegabytes, pageNodes, rows, cards }) =>
      `  after ${String(count).padStart(7)} events: dashboard ${rssMegabytes} MB; page ${pageHeapMegabytes} MB of heap, ${pageNodes} nodes, ${rows} rows, ${cards} cards`,
  )
  process.stdout.write(
    `${machine}\n${sent} events in ${playSeconds.toFixed(0)} s, ${cpuSeconds.toFixed(0)} s of the dashboard's processor time; complaints of the page: ${complaints.length}\n${lines.join('\n')}\n`,
  )
}
