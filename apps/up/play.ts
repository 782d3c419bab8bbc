import { createServer } from 'node:net'
import { archivedTopics } from '#app/archiver/config.ts'
import { countArchived } from '#lib/archive/read.ts'
import { systemClock as clock } from '#lib/clock/clock.ts'
import { consumers } from '#lib/market/consumers.ts'
import { type TopicName, topicSettings } from '#lib/market/topics.ts'
import { defaultRules } from '#lib/rules/presets.ts'
import { resolveStack, checkoutRoot as root, type Stack } from '#lib/stack/resolve.ts'
import type { MetricsSnapshot } from '#lib/telemetry/metrics.ts'
import { appEnvironment } from './app-environment.ts'
import type { AppHandle, StartApp } from './app-handle.ts'
import type { UpArguments } from './arguments.ts'
import { type Backend, openBackend } from './backend.ts'
import { embeddedStarter } from './embedded.ts'
import { type FirstModel, trainFirstModel } from './first-model.ts'
import { type MarketPlan, planMarket } from './market-plan.ts'
import { type Observer, startObserver } from './observer.ts'
import { createProcesses, processStarter } from './processes.ts'
import type { Progress } from './progress.ts'
import { promote } from './promote.ts'
import { createRun, type Run } from './runs.ts'
import { settle } from './settle.ts'
import { type Summary, summarize } from './summary.ts'

export type PlayContext = Readonly<{
  argv: readonly string[]
  env: Readonly<Record<string, string | undefined>>
  progress: Progress
  /** Aborted by the first ctrl-C or SIGTERM: drain and report. */
  interrupted: AbortSignal
}>

const localPartitions = 3
const usualPort = 8080
const settleMillis = 60_000
const readyMillis = 60_000
/** Behind the collector, in the order in which they drain. */
const stages = ['enricher', 'featurizer', 'scorer', 'alerter', 'notifier', 'archiver', 'dashboard'] as const

/**
 * The main job: servers, topics, a first model, and every app as a process of its own, on a simulated market.
 * Null when it was interrupted before the market began to play.
 */
export async function playMarket(options: UpArguments, context: PlayContext): Promise<Summary | null> {
  const { env, progress, interrupted, argv } = context
  const plan = await planMarket(options, root)
  const stack = await resolveStack({ env, onProgress: progress.say, allowEmbedded: true })
  if (interrupted.aborted) return null
  if (stack.kind === 'embedded')
    progress.say('neither Java nor Docker here: running inside this process, on a log in memory. Nothing survives the end.')
  const run = createRun(root, plan.source, clock.now(), argv)
  progress.say(`run ${run.name} (logs in .flipstream/runs/${run.name})`)
  const backend = openBackend(stack, { root, clientId: `${run.prefix}up` })
  const handles = new Map<string, AppHandle>()
  try {
    await backend.log.checkReachable()
    const admin = backend.log.admin()
    await admin.createTopics(topicSettings(run.prefix, { partitions: localPartitions }))
    await admin.close()
    return await play({ ...context, options, plan, run, backend, handles, environment: appEnvironment(env, stack, run.prefix), stack })
  } finally {
    await Promise.all([...handles.values()].map((handle) => handle.stop()))
    await backend.close()
  }
}

type Playing = PlayContext &
  Readonly<{
    options: UpArguments
    plan: MarketPlan
    stack: Stack
    run: Run
    backend: Backend
    environment: Readonly<Record<string, string>>
    /** Everything started, by name. */
    handles: Map<string, AppHandle>
  }>

async function play(playing: Playing): Promise<Summary | null> {
  const { plan, run, backend, progress, interrupted, environment, options } = playing
  const start = starter(playing)
  const simulator = createProcesses({ environment, logDirectory: run.directory })('simulator', { settings: plan.simulator })
  playing.handles.set('simulator', simulator)
  for (const name of stages) {
    if (name === 'notifier') start(name, { settings: cardSettings(options), onOutput: progress.output })
    else if (name === 'dashboard') start(name, { settings: await dashboardSettings(playing, await simulator.url) })
    else if (name === 'archiver') start(name, { settings: { ARCHIVE_IDLE_SECONDS: '2' } })
    else start(name)
  }
  void sayWhereDashboardIs(playing)
  const model = await trainFirstModel(plan, { run, backend, environment, progress, signal: interrupted })
  if (model === null) return null
  await whenReady(playing)
  const { log, codec } = backend
  const reason = 'first model of this run'
  await promote({ log, codec, prefix: run.prefix }, { ...model, at: plan.playFrom, source: plan.source, rules: defaultRules, reason })
  const observer = await startObserver({ log, codec, prefix: run.prefix, clock, alsoSeen: archivedIn(environment) })
  try {
    const marketplace = await simulator.url
    const addresses = { MARKETPLACE_URL: marketplace, LEADERBOARD_URL: new URL('/leaderboard', marketplace).href }
    start('collector', { settings: { ...addresses, ...plan.collector } })
    const seconds = await watch(playing, observer)
    return await finish(playing, observer, { seconds, model })
  } finally {
    await observer.stop()
  }
}

const archivedIn = (environment: Playing['environment']) => archivedTopics(environment) as readonly TopicName[]

/** The notifier writes into a pipe: only we know whether a person's terminal is at its end, and how wide that is. */
function cardSettings({ json }: UpArguments): Record<string, string> {
  const { isTTY, columns } = process.stdout
  return {
    CARD_FORMAT: json ? 'none' : 'card',
    ...(isTTY && process.env.NO_COLOR === undefined ? { CARD_COLOR: 'always' } : {}),
    ...(isTTY ? { COLUMNS: String(columns) } : {}),
  }
}

/** The same address from one start to the next, where it is free: a page that is open finds us again. */
async function dashboardSettings({ plan, env }: Playing, marketplace: string): Promise<Record<string, string>> {
  return {
    DASHBOARD_PORT: env.DASHBOARD_PORT ?? String((await isPortFree(usualPort)) ? usualPort : 0),
    MARKETPLACE_URL: marketplace,
    AXIE_API_KEY: plan.collector.AXIE_API_KEY ?? '',
    REQUESTS_PER_SECOND: '20',
  }
}

const isPortFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => resolve(false))
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)))
  })

/** While a first model is trained, there is something to look at already. An app that ends tells so by itself. */
async function sayWhereDashboardIs({ handles, progress, interrupted }: Playing): Promise<void> {
  const dashboard = handles.get('dashboard')
  try {
    await dashboard?.started
    while (!interrupted.aborted) {
      const page = (await dashboard?.health())?.conditions.page
      if (page?.ready) return progress.say(`dashboard ${page.detail}`)
      await clock.sleep(100)
    }
  } catch {}
}

function starter({ stack, run, backend, environment, handles }: Playing): StartApp {
  const start =
    stack.kind === 'embedded'
      ? embeddedStarter({ environment, prefix: run.prefix, ...backend })
      : processStarter({ environment, logDirectory: run.directory })
  return (name, options) => {
    const handle = start(name, options)
    handles.set(name, handle)
    return handle
  }
}

/** Until the time is up, someone interrupts, or an app ends that should not. Returns the seconds since the first live listing. */
async function watch({ handles, progress, interrupted, options: { forSeconds } }: Playing, observer: Observer): Promise<number> {
  let firstListingAt: number | null = null
  const ended = Promise.race([...handles.values()].map(async (handle) => ({ handle, how: await handle.exited })))
  for (;;) {
    if (firstListingAt === null && observer.counts.listings > 0) firstListingAt = clock.now()
    const seconds = firstListingAt === null ? 0 : (clock.now() - firstListingAt) / 1_000
    if (interrupted.aborted || (forSeconds !== null && seconds >= forSeconds)) return seconds
    progress.status(statusLine(observer, seconds, forSeconds))
    const crashed = await Promise.race([ended, clock.sleep(250).then(() => null)])
    if (crashed !== null) {
      throw new Error(`${crashed.handle.name} ended by itself (${crashed.how}). Its last words:\n${crashed.handle.lastLogLines(5)}`)
    }
  }
}

function statusLine({ counts, marketTime }: Observer, seconds: number, forSeconds: number | null): string {
  const time = marketTime()
  const when = time === null ? 'market opens' : `market ${new Date(time).toISOString().slice(0, 16).replace('T', ' ')}`
  const elapsed = `${seconds.toFixed(0)}${forSeconds === null ? '' : `/${forSeconds}`} s`
  const { backfilled, listings, sales, scored, alerts, deadLetters } = counts
  return `${elapsed}  ${when}  history ${backfilled}  sales ${sales}  listings ${listings}  scored ${scored}  alerts ${alerts}  dead ${deadLetters}`
}

/** The source stops first; when everything it wrote has gone all the way, figures are taken and the apps stop, front to back. */
async function finish(
  { handles, backend, run, progress, environment }: Playing,
  observer: Observer,
  { seconds, model }: { seconds: number; model: FirstModel },
): Promise<Summary> {
  const snapshots: Record<string, MetricsSnapshot> = {}
  const measureAndStop = async (name: string): Promise<void> => {
    const handle = handles.get(name)
    if (handle === undefined) return
    progress.status(`draining: ${name}`)
    snapshots[name] = await handle.metrics()
    await handle.stop()
  }
  await measureAndStop('collector')
  const admin = backend.log.admin()
  const readers = [...consumers, ...archivedIn(environment).map((input) => ({ app: 'archiver', input }))]
  const settled = await settle({ admin, observer, prefix: run.prefix, clock, readers }, settleMillis)
  await admin.close()
  for (const name of stages) await measureAndStop(name)
  await handles.get('simulator')?.stop()
  const archived = await countArchived(backend.store, { prefix: run.prefix, topic: 'market.events', generation: 1 })
  return summarize({ run: run.name, counts: observer.counts, archived, seconds, modelId: model.modelId, snapshots, settled })
}

async function whenReady({ handles, progress }: Playing): Promise<void> {
  const deadline = clock.now() + readyMillis
  for (const name of stages) {
    const handle = handles.get(name)
    if (handle === undefined) continue
    await handle.started
    for (;;) {
      const { ready, conditions } = await handle.health()
      if (ready) break
      if (clock.now() > deadline) {
        const missing = Object.entries(conditions).filter(([, condition]) => !condition.ready)
        const waiting = missing.map(([condition, { detail }]) => `${condition}: ${detail}`).join('; ')
        throw new Error(`${name} is not ready after ${readyMillis / 1_000} s (${waiting}). Its last words:\n${handle.lastLogLines(5)}`)
      }
      await clock.sleep(50)
    }
  }
  progress.say(`ready: ${stages.join(', ')}`)
}
