/**
 * How long after it was listed an axie is known, and how long until its alert can be read, at several quotas of the API key.
 * Collector and stages as processes on a real broker, against the simulator in real time; every listing alerts. Listings come at the pace
 * of a busy market. A quota is split as a user would: half of it for the newest listings, the rest for sales, sweeps and checks. The market
 * tells when it was listed to the second.
 */

import { simulatorSettings } from '#app/simulator/config.ts'
import { startSimulator } from '#app/simulator/simulator.ts'
import { parseConfig } from '#lib/app/config.ts'
import { systemClock as clock, randomId } from '#lib/clock/clock.ts'
import { pricingStages } from '#lib/market/consumers.ts'
import { topicName } from '#lib/market/topics.ts'
import { defaultRules } from '#lib/rules/presets.ts'
import type { RuleSet } from '#lib/rules/rule-set.ts'
import { resolveStack } from '#lib/stack/resolve.ts'
import { collectedAtHeader } from '#lib/stream/runtime/runner-metrics.ts'
import { createPipeline, type Pipeline } from '../../tests/pipeline.ts'
import { scriptOptions } from '../script-options.ts'
import { machineNow } from './machine.ts'

const salesPerHour = '3600'
const key = 'bench'

const help = `npm run bench:polling [-- options]: from listed to known, and to its alert, at several quotas of the API key

  --seconds 40                of each quota
  --quotas 0.5,1,2,5,10       requests a second
  --json                      the result as JSON`

const { values } = scriptOptions(help, {
  seconds: { type: 'string', default: '40' },
  quotas: { type: 'string', default: '0.5,1,2,5,10' },
  json: { type: 'boolean', default: false },
})
const seconds = Number(values.seconds)
/** Requests a second. */
const quotas = values.quotas.split(',').map(Number)
const say = (line: string) => void process.stderr.write(`${line}\n`)

const stack = await resolveStack({ env: process.env, onProgress: say, allowEmbedded: false })
if (stack.kind === 'embedded') throw new Error('this benchmark needs a real broker')
const servers = stack

const unlimited = 1_000_000
/** Whatever is asked for with money is an alert, the same axie as often as it is listed. */
const everything: RuleSet = {
  ...defaultRules,
  name: 'bench',
  guards: {
    ...defaultRules.guards,
    maximumModelAgeHours: unlimited,
    maximumNovelty: unlimited,
    maximumListingAgeMinutes: unlimited,
    maximumSellerListings: unlimited,
  },
  rules: defaultRules.rules.map((rule) => ({
    ...rule,
    forecast: { kind: 'expression', when: 'ask.usd > 0' },
    secondCheck: { kind: 'none' },
    cooldown: { minutes: 0, unlessCheaperBy: 0 },
  })),
}

/** Milliseconds. */
type Spread = Readonly<{ p50: number; p90: number; p99: number }>
type Measured = Readonly<{
  requestsPerSecond: number
  pollMilliseconds: number
  listings: number
  known: Spread
  alerted: Spread
  refused: number
}>

async function measure(requestsPerSecond: number): Promise<Measured> {
  const pipeline = await createPipeline({ servers, prefix: `bench-${randomId().slice(0, 8)}.`, rules: everything, onProgress: say })
  const simulator = await startSimulator(
    parseConfig(simulatorSettings, {
      SIMULATOR_API_KEY: key,
      SIMULATOR_SPEED: '1',
      SIMULATOR_START: new Date(pipeline.playFrom).toISOString(),
      SIMULATOR_HISTORY_DAYS: '0.05',
      SIMULATOR_SALES_PER_HOUR: salesPerHour,
      SIMULATOR_RATE_LIMIT_PER_SECOND: String(requestsPerSecond),
      LOG_LEVEL: 'silent',
    }),
    clock,
  )
  try {
    await pipeline.ready(pricingStages.map((name) => pipeline.start(name)))
    const latencies = await followAlerts(pipeline)
    const pollMilliseconds = Math.round(2_000 / requestsPerSecond)
    const collector = pipeline.start('collector', {
      AXIE_API_KEY: key,
      MARKETPLACE_URL: simulator.url,
      MARKET_SOURCE: 'synthetic',
      REQUESTS_PER_SECOND: String(requestsPerSecond),
      POLL_MILLISECONDS: String(pollMilliseconds),
      SALES_POLL_MILLISECONDS: String(4 * pollMilliseconds),
      SWEEP_MILLISECONDS: String(16 * pollMilliseconds),
      ASK_CHECK_MILLISECONDS: String(16 * pollMilliseconds),
      // The simulated market runs at the pace of the real one, but its clock began when it was first asked.
      MARKET_TIME_HEADER: 'x-market-time',
      HISTORY_DAYS: '0',
      FIRST_LOOK_MINUTES: '1',
    })
    await collector.started
    await clock.sleep(seconds * 1_000)
    const { values: counted } = await collector.metrics()
    return {
      requestsPerSecond,
      pollMilliseconds,
      listings: latencies.known.length,
      known: spreadOf(latencies.known),
      alerted: spreadOf(latencies.alerted),
      refused: counted['marketplace_requests_total{result=rate_limited}'] ?? 0,
    }
  } finally {
    await pipeline.discard()
    await simulator.close()
  }
}

/** The first alert of each listing, as a read-committed consumer sees it. Filled as they come. */
async function followAlerts({ backend: { log, codec }, prefix }: Pipeline) {
  const latencies = { known: [] as number[], alerted: [] as number[] }
  const seen = new Set<string>()
  let firstLook = Number.POSITIVE_INFINITY
  await log.follow([topicName(prefix, 'alerts')], async (records) => {
    const readAt = clock.now()
    for (const { value, headers } of records) {
      const { listing } = (await codec.decode('Alert', value as Buffer)).scored
      const { listingId, observedAt, ask } = listing
      firstLook = Math.min(firstLook, observedAt)
      // What was listed before we looked waited for us, not for a poll.
      if (ask.startedAt <= firstLook || seen.has(listingId)) continue
      seen.add(listingId)
      const known = observedAt - ask.startedAt
      latencies.known.push(known)
      latencies.alerted.push(known + readAt - Number(headers[collectedAtHeader]))
    }
  })
  return latencies
}

function spreadOf(latencies: readonly number[]): Spread {
  const sorted = [...latencies].sort((a, b) => a - b)
  const quantile = (share: number) => sorted[Math.floor(share * sorted.length)] ?? Number.NaN
  return { p50: quantile(0.5), p90: quantile(0.9), p99: quantile(0.99) }
}

const inSeconds = ({ p50, p90, p99 }: Spread): string =>
  [p50, p90, p99].map((millis) => `${(millis / 1_000).toFixed(2).padStart(5)}`).join(' / ')

const rows: Measured[] = []
for (const quota of quotas) {
  const row = await measure(quota)
  rows.push(row)
  say(`${quota} requests/s, n ${row.listings}: listed → known ${inSeconds(row.known)} s, listed → alert ${inSeconds(row.alerted)} s`)
}
const machine = machineNow()
if (values.json) process.stdout.write(`${JSON.stringify({ machine, seconds, rows })}\n`)
else {
  const lines = rows.map(
    ({ requestsPerSecond, pollMilliseconds, listings, known, alerted, refused }) =>
      `  ${String(requestsPerSecond).padStart(5)}/s  a look every ${String(pollMilliseconds).padStart(5)} ms  p50 / p90 / p99 in s: listed → known ${inSeconds(known)}  listed → alert ${inSeconds(alerted)}  n ${listings}  answered 429: ${refused}`,
  )
  process.stdout.write(`${machine}; one run of ${seconds} s each\n${lines.join('\n')}\n`)
}
