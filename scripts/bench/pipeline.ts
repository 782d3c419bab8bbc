/**
 * Latency, throughput and idle cost of the whole pipeline: every stage a process of its own, brokers on the same machine. Listings are
 * generated and written straight into market.events (the marketplace's polling is not part of these figures).
 */

import { randomId, systemClock } from '#lib/clock/clock.ts'
import { pricingStages } from '#lib/market/consumers.ts'
import { defaultRules } from '#lib/rules/presets.ts'
import type { AppProcess } from '#lib/running/processes.ts'
import { resolveStack } from '#lib/stack/resolve.ts'
import { versions } from '#lib/stack/versions.ts'
import type { Quantiles } from '#lib/telemetry/metrics.ts'
import { startKafkaCluster } from '../../tests/cluster/kafka-cluster.ts'
import { createFeed, feedRecord } from '../../tests/market-feed.ts'
import { createPipeline, type Pipeline } from '../../tests/pipeline.ts'
import { endWithUsage, scriptOptions } from '../script-options.ts'
import { measureHops } from './hop.ts'
import { loadNow, machineName } from './machine.ts'
import { type Figure, recordFigures } from './measurement.ts'

const help = `npm run bench:pipeline [-- options]: latency, throughput and idle cost of all stages

  --only latency|throughput|hop            one part (default: all)
  --guarantee exactly_once|at_least_once   one guarantee (default: both)
  --brokers 1|3     the local stack's broker, or three of its own with three replicas (default 1)
  --runs 3          runs of each part; the median and the spread are told
  --seconds 60      of a run for latency, at 50 listings a second
  --listings 60000  the backlog of a run for throughput
  --json            the result as JSON
  --record          write the figures of exactly once to bench/results (docs/numbers.md)`

const listingsPerSecond = 50
const warmUpSeconds = 15
const idleSeconds = 20
const guarantees = ['exactly_once', 'at_least_once'] as const
type Guarantee = (typeof guarantees)[number]

type LatencyRun = Readonly<{
  decision: Quantiles
  alert: Quantiles
  idleCores: number
  stages: Record<string, readonly [sinceListed: number, transaction: number]>
  rssMegabytes: Record<string, number>
}>
type ThroughputRun = Readonly<{ listingsPerSecond: number; cpuMicrosPerListing: Record<string, number> }>

const { values } = scriptOptions(help, {
  runs: { type: 'string', default: '3' },
  seconds: { type: 'string', default: '60' },
  listings: { type: 'string', default: '60000' },
  only: { type: 'string' },
  guarantee: { type: 'string' },
  brokers: { type: 'string', default: '1' },
  json: { type: 'boolean', default: false },
  record: { type: 'boolean', default: false },
})
if (values.brokers !== '1' && values.brokers !== '3') endWithUsage(`--brokers: expected 1 or 3, found ${values.brokers}`)
const wants = (part: 'latency' | 'throughput' | 'hop') => values.only === undefined || values.only === part
const [runs, seconds, backlog] = [Number(values.runs), Number(values.seconds), Number(values.listings)]

const say = (line: string) => process.stderr.write(`${line}\n`)
const median = (numbers: readonly number[]): number => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN
const spread = (numbers: readonly number[], digits = 1): string =>
  `${median(numbers).toFixed(digits)} (${Math.min(...numbers).toFixed(digits)} to ${Math.max(...numbers).toFixed(digits)})`

const stack = await resolveStack({ env: process.env, onProgress: say, allowEmbedded: false })
if (stack.kind === 'embedded') throw new Error('this benchmark needs a real broker')
const cluster = values.brokers === '3' ? await startKafkaCluster() : null
const servers = cluster === null ? stack : { ...stack, brokers: cluster.addresses }

/** Offers of one kind pile up in a generated feed, so the second check would refuse nearly all: without it, every second listing alerts. */
const rules = {
  ...defaultRules,
  name: 'bench',
  rules: defaultRules.rules.map((rule) => ({ ...rule, secondCheck: { kind: 'none' } as const })),
}

const openPipeline = (): Promise<Pipeline> =>
  createPipeline({ servers, prefix: `bench-${randomId().slice(0, 8)}.`, rules, onProgress: say })

/** 50 listings a second: first the warm-up (records without the header that is measured), then `seconds`. */
async function measureLatency(guarantee: Guarantee): Promise<LatencyRun> {
  const pipeline = await openPipeline()
  const { backend, prefix } = pipeline
  const warm = warmUpSeconds * listingsPerSecond
  const count = warm + seconds * listingsPerSecond
  const feed = createFeed({ start: pipeline.playFrom, historyHours: 48, listings: count, everyMillis: 1_000, askShare: 0.3 })
  const producer = backend.log.producer()
  await backend.codec.prepare(['MarketEvent'])
  await producer.send(feed.history.map((event) => feedRecord(backend.codec, prefix, event)))
  const settings = { PROCESSING_GUARANTEE: guarantee }
  const apps = [...pricingStages, 'notifier', 'archiver'].map((name) => pipeline.start(name, settings))
  await pipeline.ready(apps)
  const started = systemClock.monotonic()
  for (let sent = 0; sent < count; ) {
    const now = systemClock.now()
    const due = Math.min(count, Math.floor(((systemClock.monotonic() - started) * listingsPerSecond) / 1_000))
    const batch = feed.listings
      .slice(sent, due)
      .map((event, index) => feedRecord(backend.codec, prefix, event, sent + index < warm ? undefined : now))
    if (batch.length > 0) await producer.send(batch)
    sent = due
    await systemClock.sleep(2)
  }
  await producer.close()
  const alerter = apps[3] as AppProcess
  await until(async () => ((await alerter.metrics()).latencies.collected_to_committed?.n ?? 0) >= count - warm, 60_000, 'decisions')
  const notifier = apps[4] as AppProcess
  const cpu = async () =>
    (await Promise.all(apps.map(async (app) => (await app.metrics()).cpuSeconds))).reduce((sum, value) => sum + value, 0)
  const before = await cpu()
  await systemClock.sleep(idleSeconds * 1_000)
  const idleCores = ((await cpu()) - before) / idleSeconds
  const rss = await Promise.all(apps.map(async (app) => [app.name, Math.round((await app.metrics()).rssBytes / 2 ** 20)] as const))
  const stagesOf = apps.slice(0, pricingStages.length).map(async (app) => {
    const { collected_to_committed: sinceListed, transaction } = (await app.metrics()).latencies
    return [app.name, [sinceListed?.p50 ?? 0, transaction?.p50 ?? 0]] as const
  })
  const stageTimes = Object.fromEntries(await Promise.all(stagesOf))
  const decision = (await alerter.metrics()).latencies.collected_to_committed as Quantiles
  const alert = (await notifier.metrics()).latencies.listing_to_alert as Quantiles
  await pipeline.discard()
  return { decision, alert, idleCores, stages: stageTimes, rssMegabytes: Object.fromEntries(rss) }
}

/** A backlog of listings, and how fast the stages, all at once, decide on it: from the first tenth decided to the last listing. */
async function measureThroughput(guarantee: Guarantee): Promise<ThroughputRun> {
  const pipeline = await openPipeline()
  const { backend, prefix } = pipeline
  const feed = createFeed({ start: pipeline.playFrom, historyHours: 48, listings: backlog, everyMillis: 10_000, askShare: 0.9 })
  const producer = backend.log.producer()
  await backend.codec.prepare(['MarketEvent'])
  const records = [...feed.history, ...feed.listings].map((event) => feedRecord(backend.codec, prefix, event))
  for (let from = 0; from < records.length; from += 1_000) await producer.send(records.slice(from, from + 1_000))
  await producer.close()
  const apps = pricingStages.map((name) => pipeline.start(name, { PROCESSING_GUARANTEE: guarantee }))
  const alerter = apps[3] as AppProcess
  await alerter.started
  const decided = async () =>
    Object.entries((await alerter.metrics()).values).reduce(
      (sum, [series, value]) => sum + (series.startsWith('records_total') ? value : 0),
      0,
    )
  await until(async () => (await decided()) >= backlog / 10, 120_000, 'the first tenth')
  const cpu = async () => Promise.all(apps.map(async (app) => (await app.metrics()).cpuSeconds))
  const [from, at, cpuBefore] = [await decided(), performance.now(), await cpu()]
  await until(async () => (await decided()) >= backlog, 300_000, 'all decisions')
  const elapsed = (performance.now() - at) / 1_000
  const cpuAfter = await cpu()
  await pipeline.discard()
  const micros = apps.map(
    ({ name }, index) => [name, Math.round((((cpuAfter[index] ?? 0) - (cpuBefore[index] ?? 0)) * 1e6) / (backlog - from))] as const,
  )
  return { listingsPerSecond: (backlog - from) / elapsed, cpuMicrosPerListing: Object.fromEntries(micros) }
}

async function until(condition: () => Promise<boolean>, millis: number, what: string): Promise<void> {
  const deadline = systemClock.monotonic() + millis
  while (!(await condition())) {
    if (systemClock.monotonic() > deadline) throw new Error(`waited ${millis / 1_000} s for ${what}`)
    await systemClock.sleep(50)
  }
}

async function repeat<T>(what: string, measure: () => Promise<T>): Promise<T[]> {
  const results: T[] = []
  for (let run = 1; run <= runs; run++) {
    say(`${what}: run ${run} of ${runs}`)
    results.push(await measure())
  }
  return results
}

const report: Record<string, unknown> = {
  machine: machineName(),
  load: loadNow(),
  versions: { node: process.version, kafka: versions.kafka, kafkajs: '2.2.4', partitions: 3 },
  brokers: Number(values.brokers),
  runs,
}
const lines = [
  `machine ${report.machine}, load ${report.load}, Node ${process.version}, Kafka ${versions.kafka} on ${values.brokers} broker(s), ${runs} runs: median (least to most)`,
  '',
]

/** A run at a load of 4 and more is another document: what else runs is in its figures. */
function recordLatency(latency: readonly LatencyRun[]): void {
  const quantiles = (what: 'decision' | 'alert') => [
    spread(latency.map((run) => run[what].p50)),
    spread(latency.map((run) => run[what].p99)),
  ]
  recordFigures(
    Number(report.load) < 4 ? 'speed/latency' : 'speed/latency-busy',
    `npm run bench:pipeline -- --runs ${runs} --only latency --guarantee exactly_once`,
    [
      ['listing to decision', ...quantiles('decision')],
      ['listing to alert', ...quantiles('alert')],
    ],
  )
}

const row = (name: string, text: string) => lines.push(`  ${name.padEnd(44)}${text}`)
const sustained: Figure[] = []
for (const guarantee of guarantees) {
  if (values.only === 'hop' || (values.guarantee !== undefined && values.guarantee !== guarantee)) continue
  lines.push(guarantee)
  if (wants('latency')) {
    const latency = await repeat(`latency, ${guarantee}`, () => measureLatency(guarantee))
    report[`latency_${guarantee}`] = latency
    const [first] = latency
    row(
      `listing→decision p50, ms (n ${first?.decision.n} a run, ${listingsPerSecond}/s)`,
      spread(latency.map(({ decision }) => decision.p50)),
    )
    row('listing→decision p99, ms', spread(latency.map(({ decision }) => decision.p99)))
    row(`listing→alert p50, ms (n ${first?.alert.n} a run)`, spread(latency.map(({ alert }) => alert.p50)))
    row('listing→alert p99, ms', spread(latency.map(({ alert }) => alert.p99)))
    row('idle, six apps together, % of one core', spread(latency.map(({ idleCores }) => idleCores * 100)))
    if (values.record && guarantee === 'exactly_once') recordLatency(latency)
    const times = Object.entries(first?.stages ?? {}).map(
      ([app, [since, transaction]]) => `${app} ${since.toFixed(1)} (${transaction.toFixed(1)})`,
    )
    row('p50 since listed (of a transaction), ms', times.join(', '))
    row(
      'RSS, MB',
      Object.entries(first?.rssMegabytes ?? {})
        .map(([app, value]) => `${app} ${value}`)
        .join(', '),
    )
  }
  if (wants('throughput')) {
    const throughput = await repeat(`throughput, ${guarantee}`, () => measureThroughput(guarantee))
    report[`throughput_${guarantee}`] = throughput
    row(
      'sustained through four stages, listings/s',
      spread(
        throughput.map((run) => run.listingsPerSecond),
        0,
      ),
    )
    sustained.push([
      `${guarantee.replaceAll('_', ' ')}, listings/s`,
      spread(
        throughput.map((run) => run.listingsPerSecond),
        0,
      ),
    ])
    const micros = Object.entries(throughput[0]?.cpuMicrosPerListing ?? {})
    row('processor time a listing, µs', micros.map(([app, value]) => `${app} ${value}`).join(', '))
  }
  lines.push('')
}
if (values.record && sustained.length > 0)
  recordFigures('speed/throughput', `npm run bench:pipeline -- --runs ${runs} --only throughput`, sustained)
if (wants('hop')) {
  const hops = await measureHops(servers, { say, runs })
  report.hops = hops.report
  lines.push(...hops.lines)
}
await cluster?.dispose()
process.stdout.write(values.json ? `${JSON.stringify(report)}\n` : `${lines.join('\n')}\n`)
process.exit()
