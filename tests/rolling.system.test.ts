import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, inject, test } from 'vitest'
import { systemClock } from '#lib/clock/clock.ts'
import { pricingStages } from '#lib/market/consumers.ts'
import { topicName } from '#lib/market/topics.ts'
import type { AppProcess } from '#lib/running/processes.ts'
import { checkoutRoot } from '#lib/stack/resolve.ts'
import type { MetricsSnapshot } from '#lib/telemetry/metrics.ts'
import { createPipeline, type Pipeline } from './pipeline.ts'
import { expectEachOnce } from './pipeline-history.ts'
import { runPrefix } from './run-prefix.ts'
import { longestPause, quantile, type SteadyLoad, startSteadyLoad } from './steady-load.ts'

const perSecond = 40
/** So much of it is folded by whoever begins without a state: 200 sales an hour. */
const historyHours = 160
/** The least the broker takes: how long a killed member's partitions lie idle. */
const sessionTimeoutMillis = 6_000
const settings = { SESSION_TIMEOUT_MILLISECONDS: String(sessionTimeoutMillis) }

let pipeline: Pipeline | undefined
let load: SteadyLoad | undefined
let copy: string | undefined
afterEach(async () => {
  await load?.stop()
  await pipeline?.close()
  if (copy !== undefined) rmSync(copy, { recursive: true })
  load = pipeline = copy = undefined
})

async function open(name: string): Promise<Pipeline> {
  const servers = { brokers: inject('brokers'), registryUrl: inject('registryUrl'), s3: inject('s3') }
  pipeline = await createPipeline({ servers, prefix: runPrefix(name), onProgress: console.error })
  return pipeline
}

/** As a Deployment with maxSurge 1 and maxUnavailable 0 does it: the new one works before the old one is told to drain. */
async function replace(running: Pipeline, old: AppProcess, start: () => AppProcess): Promise<AppProcess> {
  const next = start()
  await running.ready([next])
  await old.stop()
  return next
}

async function deadLetters({ backend, prefix }: Pipeline): Promise<number> {
  const admin = backend.log.admin()
  const offsets = await admin.offsets(topicName(prefix, 'dead-letters')).finally(() => admin.close())
  return offsets.reduce((sum, { first, next }) => sum + next - first, 0)
}

test('every group restarted one by one under load: nothing missing, nothing twice', async () => {
  const running = await open('rolling')
  const old = pricingStages.map((app) => running.start(app, settings))
  await running.ready(old)
  load = await startSteadyLoad({ pipeline: running, perSecond, most: 20_000, output: 'listings.scored' })
  await systemClock.sleep(10_000)
  const begun = systemClock.now()
  for (const [index, app] of pricingStages.entries()) await replace(running, old[index]!, () => running.start(app, settings))
  const ended = systemClock.now()
  await systemClock.sleep(5_000)
  await load.finish()

  const ids = load.seen().map(({ listingId }) => listingId)
  const during = load.seen().filter(({ at }) => at >= begun && at <= ended)
  const before = load.seen().filter(({ at }) => at < begun && at > begun - 5_000)
  const p99 = (load: typeof during) =>
    quantile(
      load.map(({ latencyMillis }) => latencyMillis),
      0.99,
    )
  console.error(
    `rolling restart: ${load.sent()} listings, ${ids.length} scored; four groups in ${((ended - begun) / 1_000).toFixed(0)} s; ` +
      `listing to score p99 ${p99(during)} ms (n ${during.length}), before it ${p99(before)} ms (n ${before.length}), ` +
      `longest pause ${longestPause(load.seen(), begun, ended)} ms; load ${loadavg()[0]!.toFixed(1)}`,
  )
  expect(new Set(ids).size).toBe(load.sent())
  expect(ids.length).toBe(load.sent())
  await expectEachOnce(running, inject('brokers'))
})

test('the standby enricher takes over: from one told to stop, and from one killed', async () => {
  const running = await open('failover')
  const start = () => running.start('enricher', settings)
  let enrichers = [start(), start()]
  await running.ready(enrichers)
  load = await startSteadyLoad({ pipeline: running, perSecond, most: 20_000, historyHours, output: 'listings.enriched' })
  await untilFlowing(running, enrichers)
  const stopped = await failover(running, enrichers, (active) => active.stop())
  enrichers = [stopped.standby, start()]
  await untilFlowing(running, enrichers)
  const killed = await failover(running, enrichers, async (active) => void active.child.kill('SIGKILL'))
  await load.finish()

  const ids = load.seen().map(({ listingId }) => listingId)
  console.error(
    `enricher failover, ${load.history()} events of history: told to stop ${stopped.pauseMillis} ms, killed ${killed.pauseMillis} ms ` +
      `(session ${sessionTimeoutMillis} ms); folded by who took over ${stopped.folded} and ${killed.folded}; ` +
      `load ${loadavg()[0]!.toFixed(1)}`,
  )
  expect(killed.pauseMillis).toBeGreaterThan(sessionTimeoutMillis / 2)
  for (const { folded } of [stopped, killed]) expect(folded).toBeLessThan(load.history() / 20)
  expect(new Set(ids).size).toBe(load.sent())
  expect(ids.length).toBe(load.sent())
  await expectEachOnce(running, inject('brokers'), 'listings.enriched')
})

/** All that was sent has come out, and whoever stands by is as far. */
async function untilFlowing(running: Pipeline, enrichers: readonly AppProcess[]): Promise<void> {
  for (const deadline = systemClock.monotonic() + 120_000; systemClock.monotonic() < deadline; await systemClock.sleep(100)) {
    const newest = load!.seen().at(-1)
    if (newest !== undefined && newest.latencyMillis < 1_000 && newest.at > systemClock.now() - 1_000) return running.ready(enrichers)
  }
  throw new Error('the listings do not flow')
}

/** Ends the enricher that has the partition, and waits until listings of long after it flow again. */
async function failover(running: Pipeline, enrichers: readonly AppProcess[], end: (active: AppProcess) => Promise<void>) {
  const active = await activeOf(running, enrichers)
  const from = systemClock.now()
  await end(active)
  const hasFlown = () => load!.seen().some(({ at, latencyMillis }) => at - latencyMillis > from + 2 * sessionTimeoutMillis)
  const deadline = systemClock.monotonic() + 120_000
  while (!hasFlown() && systemClock.monotonic() < deadline) await systemClock.sleep(100)
  const standby = enrichers.find((app) => app !== active)!
  const folded = foldedSilently(await standby.metrics())
  return { standby, folded, pauseMillis: longestPause(load!.seen(), from, systemClock.now()) }
}

/** Records that an app folded when it took over. */
const foldedSilently = ({ values }: MetricsSnapshot): number =>
  Object.entries(values).reduce((sum, [name, value]) => (/records_total.*restored/.test(name) ? sum + value : sum), 0)

/** Which one has the partition now: another may have got it whenever one came or went. */
async function activeOf({ prefix }: Pipeline, enrichers: readonly AppProcess[]): Promise<AppProcess> {
  const condition = `assigned ${topicName(prefix, 'market.events')}`
  for (const deadline = systemClock.monotonic() + 30_000; systemClock.monotonic() < deadline; await systemClock.sleep(100)) {
    const reports = await Promise.all(enrichers.map((app) => app.health()))
    const owners = enrichers.filter((_, index) => reports[index]!.conditions[condition]?.detail === '1 partitions')
    if (owners.length === 1) return owners[0]!
  }
  throw new Error('no enricher has the partition')
}

test('a new version of a schema rolls out under load, writer first: no dead letter, nothing missing', async () => {
  const running = await open('schema')
  const old = pricingStages.map((app) => running.start(app, settings))
  await running.ready(old)
  load = await startSteadyLoad({ pipeline: running, perSecond, most: 20_000, output: 'listings.scored' })
  await systemClock.sleep(5_000)
  copy = copyWithNewField('featurized-listing.avsc')
  const startNew = (app: string) => running.startFrom(copy!, app, settings)
  const order = ['featurizer', 'scorer', 'enricher', 'alerter'] as const
  for (const app of order) await replace(running, old[pricingStages.indexOf(app)]!, () => startNew(app))
  await systemClock.sleep(5_000)
  await load.finish()

  const ids = load.seen().map(({ listingId }) => listingId)
  console.error(`schema upgrade: ${load.sent()} listings, ${ids.length} scored, ${await deadLetters(running)} dead letters`)
  expect(await deadLetters(running)).toBe(0)
  expect(new Set(ids).size).toBe(load.sent())
  expect(ids.length).toBe(load.sent())
  await expectEachOnce(running, inject('brokers'))
})

/** The code as it is, with a field more in one schema: the next version of flipstream. */
function copyWithNewField(schemaFile: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'flipstream-next-'))
  for (const part of ['apps', 'libs', 'bin', 'schemas', 'package.json'])
    cpSync(join(checkoutRoot, part), join(directory, part), { recursive: true })
  symlinkSync(join(checkoutRoot, 'node_modules'), join(directory, 'node_modules'))
  const file = join(directory, 'schemas', schemaFile)
  const schema = JSON.parse(readFileSync(file, 'utf8')) as { fields: object[] }
  schema.fields.push({ name: 'remark', type: ['null', 'string'], default: null, doc: 'New in the next version.' })
  writeFileSync(file, JSON.stringify(schema))
  return directory
}
