import type { Counts } from '#lib/running/observer.ts'
import type { MetricsSnapshot, Quantiles } from '#lib/telemetry/metrics.ts'
import { count } from '#lib/words/format.ts'
import { describeMoney, type PaperMoney } from './money.ts'

type Milliseconds = Readonly<{ p50: number; p99: number; n: number }>

export type StageSummary = Readonly<{
  /** Records this app finished; null of one that finishes none (a follower of topics). */
  records: number | null
  /** From a batch fetched to its last commit. */
  batchMs: Milliseconds
  /** From the collector holding the market's answer to the commit of this stage's result. */
  sinceListingMs: Milliseconds
  rssMegabytes: number
  cpuSeconds: number
}>

/** What `npm start -- --json` prints. */
export type Summary = Readonly<{
  run: string
  /** True unless it is the real market: then no figure here is worth money. */
  simulated: boolean
  listings: number
  sales: number
  backfilled: number
  enriched: number
  featurized: number
  scored: number
  alerts: number
  deadLetters: number
  archived: number
  marketEvents: number
  listingToDecisionMs: Milliseconds
  listingToAlertMs: Milliseconds
  stages: Readonly<Record<string, StageSummary>>
  /** Wall clock from the first live listing to the stop. */
  seconds: number
  backend: string
  modelId: string
  /** How often an app was started again because it had ended or hung; those that never were are left out. */
  restarts: Readonly<Record<string, number>>
  /** Null where it could not be read. */
  money: PaperMoney | null
  /** Every way in which the counts do not add up, and what was broken at the end; empty in a good run. */
  problems: readonly string[]
}>

export type SummaryInput = Readonly<{
  run: string
  simulated: boolean
  counts: Counts
  archived: number
  seconds: number
  modelId: string
  snapshots: Readonly<Record<string, MetricsSnapshot>>
  restarts: Readonly<Record<string, number>>
  money: PaperMoney | null
  /** What did not work when the run ended, a sentence each. */
  broken: readonly string[]
  settled: boolean
}>

const none: Quantiles = { n: 0, p50: 0, p90: 0, p99: 0, max: 0 }
const round = (value: number): number => Math.round(value * 10) / 10
const brief = ({ p50, p99, n }: Quantiles): Milliseconds => ({ p50: round(p50), p99: round(p99), n })

export function summarize(input: SummaryInput): Summary {
  const { run, simulated, counts, archived, seconds, modelId, snapshots, restarts, money, broken, settled } = input
  const latency = (app: string, name: string): Milliseconds => brief(snapshots[app]?.latencies[name] ?? none)
  return {
    run,
    simulated,
    listings: counts.listings,
    sales: counts.sales,
    backfilled: counts.backfilled,
    enriched: counts.enriched,
    featurized: counts.featurized,
    scored: counts.scored,
    alerts: counts.alerts,
    deadLetters: counts.deadLetters,
    archived,
    marketEvents: counts.marketEvents,
    listingToDecisionMs: latency('alerter', 'collected_to_committed'),
    listingToAlertMs: latency('notifier', 'listing_to_alert'),
    stages: Object.fromEntries(Object.entries(snapshots).map(([app, snapshot]) => [app, stageOf(snapshot)])),
    seconds: round(seconds),
    backend: backendOf(snapshots.scorer),
    modelId,
    restarts,
    money,
    // A live run outlives its topics' retention: what it counts is what they still hold.
    problems: [...broken, ...(simulated ? problemsOf(counts, archived, settled) : unsettled(settled))],
  }
}

/** The label of the scorer's gauge that is 1. */
function backendOf(scorer: MetricsSnapshot | undefined): string {
  const series = Object.keys(scorer?.values ?? {}).find((name) => name.startsWith('model_backend{')) ?? ''
  return /backend=([a-z]+)/.exec(series)?.[1] ?? 'unknown'
}

function stageOf(snapshot: MetricsSnapshot): StageSummary {
  const counts = Object.entries(snapshot.values).flatMap(([series, value]) => (series.startsWith('records_total') ? [value] : []))
  return {
    records: counts.length === 0 ? null : counts.reduce((sum, count) => sum + count, 0),
    batchMs: brief(snapshot.latencies.batch ?? none),
    sinceListingMs: brief(snapshot.latencies.collected_to_committed ?? none),
    rssMegabytes: Math.round(snapshot.rssBytes / 2 ** 20),
    cpuSeconds: round(snapshot.cpuSeconds),
  }
}

const unsettled = (settled: boolean): string[] =>
  settled ? [] : ['the pipeline did not come to rest in time: counts are of the moment it was stopped']

/** Exactly once, checked: every live listing is scored once or is a dead letter, and the archive holds every event. */
function problemsOf(counts: Counts, archived: number, settled: boolean): string[] {
  const problems = unsettled(settled)
  const done = counts.scored + counts.deadListings
  if (done !== counts.listings)
    problems.push(`${counts.listings} live listings, but ${counts.scored} scored + ${counts.deadListings} dead = ${done}`)
  if (archived !== counts.marketEvents) problems.push(`${counts.marketEvents} records in market.events, but ${archived} in the archive`)
  return problems
}

function allIsWell({ listings, simulated }: Summary): string {
  if (listings === 0) return 'It was stopped before the first listing: nothing was played.'
  return simulated
    ? 'Counts agree: every live listing was scored once or is a dead letter, every event is archived.'
    : 'Everything that was read has gone all the way.'
}

/** The table a person reads at the end of a run. */
export function formatSummary(summary: Summary): string {
  const milliseconds = ({ p50, p99, n }: Milliseconds) => (n === 0 ? '-' : `p50 ${p50} ms   p99 ${p99} ms   n ${count(n)}`)
  const facts: [string, string][] = [
    ['run', `${summary.run}${summary.simulated ? '   SIMULATED' : ''}`],
    ['played', `${summary.seconds} s`],
    ['listings', count(summary.listings)],
    ['sales', `${count(summary.sales)}   (and ${count(summary.backfilled)} events of history)`],
    ['enriched', count(summary.enriched)],
    ['featurized', count(summary.featurized)],
    ['scored', `${count(summary.scored)}   by ${summary.modelId} on ${summary.backend}`],
    ['alerts', count(summary.alerts)],
    ['dead letters', count(summary.deadLetters)],
    ['archived', `${count(summary.archived)} of ${count(summary.marketEvents)} records of market.events`],
    ['listing→decision', milliseconds(summary.listingToDecisionMs)],
    ['listing→alert', milliseconds(summary.listingToAlertMs)],
    ...Object.entries(summary.restarts).map(([app, times]): [string, string] => ['started again', `${app}, ${times} times`]),
  ]
  const cell = (value: string, width: number) => value.padStart(width)
  const stages = Object.entries(summary.stages).map(([app, { records, batchMs, sinceListingMs, rssMegabytes, cpuSeconds }]) => {
    const latencies = [batchMs, sinceListingMs].flatMap(({ n, p50, p99 }) => (n === 0 ? ['-', '-'] : [p50.toFixed(1), p99.toFixed(1)]))
    const cells = [count(records), ...latencies, String(rssMegabytes), cpuSeconds.toFixed(1)]
    return `  ${app.padEnd(12)}${cells.map((text) => cell(text, 10)).join('')}`
  })
  const over = `  ${''.padEnd(22)}${cell('batch, ms', 20)}${cell('since listed, ms', 20)}`
  const header = `${over}\n  ${'app'.padEnd(12)}${['records', 'p50', 'p99', 'p50', 'p99', 'RSS MB', 'CPU s'].map((text) => cell(text, 10)).join('')}`
  const verdict = summary.problems.length === 0 ? [allIsWell(summary)] : summary.problems.map((problem) => `PROBLEM: ${problem}`)
  return [
    '',
    ...facts.map(([name, value]) => `  ${name.padEnd(18)}${value}`),
    '',
    header,
    ...stages,
    '',
    ...[...verdict, ...(summary.money === null ? [] : describeMoney(summary.money, summary.simulated))].map((line) => `  ${line}`),
    '',
  ].join('\n')
}
