/**
 * How long after it was listed an axie is known, at several quotas of the API key: what polling alone costs.
 *   npm run bench:polling [-- --seconds 40] [--json]
 * The collector's own code against the simulator in real time, everything in one process and on a log in memory: the pipeline behind it
 * (tens of milliseconds) is not part of these figures. Listings come at the pace of a busy market. A quota is split as a user would:
 * half of it for the newest listings, the rest for sales, sweeps and checks. The market tells when it was listed to the second.
 */
import { cpus, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { app as collector } from '#app/collector/main.ts'
import { simulatorSettings } from '#app/simulator/config.ts'
import { startSimulator } from '#app/simulator/simulator.ts'
import type { App, AppContext } from '#lib/app/app.ts'
import { commonSettings } from '#lib/app/common-settings.ts'
import { parseConfig } from '#lib/app/config.ts'
import { systemClock as clock } from '#lib/clock/clock.ts'
import { createCodec } from '#lib/codec/codec.ts'
import { createMemoryRegistry } from '#lib/codec/registry.ts'
import { payloadOf } from '#lib/market/event.ts'
import { topicSettings } from '#lib/market/topics.ts'
import { createMemoryStore } from '#lib/objectstore/memory-store.ts'
import { createMemoryLog } from '#lib/stream/memory-log.ts'
import { createHealth } from '#lib/telemetry/health.ts'
import { createLogger } from '#lib/telemetry/logger.ts'
import { createMetrics } from '#lib/telemetry/metrics.ts'

const quotas = [0.5, 1, 2, 5, 10] as const
const salesPerHour = '3600'
const key = 'bench'

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '40' }, json: { type: 'boolean', default: false } } })
const seconds = Number(values.seconds)

type Measured = Readonly<{
  requestsPerSecond: number
  pollMilliseconds: number
  listings: number
  p50: number
  p90: number
  p99: number
  refused: number
}>

async function measure(requestsPerSecond: number): Promise<Measured> {
  const simulator = await startSimulator(
    parseConfig(simulatorSettings, {
      SIMULATOR_API_KEY: key,
      SIMULATOR_SPEED: '1',
      SIMULATOR_HISTORY_DAYS: '0.05',
      SIMULATOR_SALES_PER_HOUR: salesPerHour,
      SIMULATOR_RATE_LIMIT_PER_SECOND: String(requestsPerSecond),
      LOG_LEVEL: 'silent',
    }),
    clock,
  )
  const pollMilliseconds = Math.round(2_000 / requestsPerSecond)
  const settings = {
    ...noServers,
    AXIE_API_KEY: key,
    MARKETPLACE_URL: simulator.url,
    REQUESTS_PER_SECOND: String(requestsPerSecond),
    POLL_MILLISECONDS: String(pollMilliseconds),
    SALES_POLL_MILLISECONDS: String(4 * pollMilliseconds),
    SWEEP_MILLISECONDS: String(16 * pollMilliseconds),
    ASK_CHECK_MILLISECONDS: String(16 * pollMilliseconds),
    // The simulated market runs at the pace of the real one, but its clock began when it was first asked.
    MARKET_TIME_HEADER: 'x-market-time',
    HISTORY_DAYS: '0',
    FIRST_LOOK_MINUTES: '1',
  }
  const log = createMemoryLog({ clock })
  await log.admin().createTopics(topicSettings('', { partitions: 1 }))
  const codec = createCodec({ registry: createMemoryRegistry() })
  const latencies: number[] = []
  let firstLook = Number.POSITIVE_INFINITY
  await log.follow(['market.events'], async (records) => {
    for (const { value } of records) {
      const event = await codec.decode('MarketEvent', value as Buffer)
      firstLook = Math.min(firstLook, event.observedAt)
      const { kind, value: listing } = payloadOf(event)
      // What was listed before we looked waited for us, not for a poll.
      if (kind === 'Listing' && listing.ask.startedAt > firstLook) latencies.push(event.observedAt - listing.ask.startedAt)
    }
  })
  const metrics = createMetrics('collector')
  const config = parseConfig({ ...commonSettings, ...collector.settings }, settings)
  const context = {
    config,
    prefix: '',
    clock,
    logger: createLogger('collector', 'silent'),
    metrics,
    health: createHealth({ clock }),
    log,
    codec,
  }
  const running = await (collector as unknown as App).start({ ...context, store: createMemoryStore() } as AppContext)
  await clock.sleep(seconds * 1_000)
  const counted = (await metrics.snapshot()).values
  await running.stop()
  await simulator.close()
  await log.close()
  latencies.sort((a, b) => a - b)
  const quantile = (share: number) => latencies[Math.floor(share * latencies.length)] ?? Number.NaN
  return {
    requestsPerSecond,
    pollMilliseconds,
    listings: latencies.length,
    p50: quantile(0.5),
    p90: quantile(0.9),
    p99: quantile(0.99),
    refused: counted['marketplace_requests_total{result=rate_limited}'] ?? 0,
  }
}

const noServers = {
  KAFKA_BROKERS: 'memory',
  SCHEMA_REGISTRY_URL: 'http://memory',
  S3_ENDPOINT: 'http://memory',
  S3_ACCESS_KEY: 'none',
  S3_SECRET_KEY: 'none',
}

const rows: Measured[] = []
for (const quota of quotas) {
  const row = await measure(quota)
  rows.push(row)
  process.stderr.write(`${quota} requests/s: p50 ${(row.p50 / 1_000).toFixed(2)} s of ${row.listings} listings\n`)
}
const machine = `${cpus().length} x ${cpus()[0]?.model ?? 'cpu'}, load ${loadavg()
  .map((value) => value.toFixed(1))
  .join(' ')}, Node ${process.versions.node}`
if (values.json) process.stdout.write(`${JSON.stringify({ machine, seconds, rows })}\n`)
else {
  const lines = rows.map(
    ({ requestsPerSecond, pollMilliseconds, listings, p50, p90, p99, refused }) =>
      `  ${String(requestsPerSecond).padStart(5)}/s  a look every ${String(pollMilliseconds).padStart(5)} ms  listed → known p50 ${(p50 / 1_000).toFixed(2).padStart(6)} s  p90 ${(p90 / 1_000).toFixed(2).padStart(6)} s  p99 ${(p99 / 1_000).toFixed(2).padStart(6)} s  n ${listings}  answered 429: ${refused}`,
  )
  process.stdout.write(`${machine}; one run of ${seconds} s each\n${lines.join('\n')}\n`)
}
