import { archivedTopics } from '#lib/archive/config.ts'
import { countArchived } from '#lib/archive/read.ts'
import { systemClock as clock } from '#lib/clock/clock.ts'
import { promote } from '#lib/decisions/promote.ts'
import { FatalError } from '#lib/errors/errors.ts'
import { consumers } from '#lib/market/consumers.ts'
import { type TopicName, topicSettings } from '#lib/market/topics.ts'
import { defaultRules } from '#lib/rules/presets.ts'
import { appEnvironment } from '#lib/running/app-environment.ts'
import type { AppHandle, StartApp } from '#lib/running/app-handle.ts'
import { type Backend, openBackend } from '#lib/running/backend.ts'
import { type Observer, startObserver } from '#lib/running/observer.ts'
import { createProcesses, processStarter } from '#lib/running/processes.ts'
import type { Progress } from '#lib/running/progress.ts'
import { continueLiveRun, createRun, type Run } from '#lib/running/runs.ts'
import { settle } from '#lib/running/settle.ts'
import { resolveStack, checkoutRoot as root, type Stack } from '#lib/stack/resolve.ts'
import type { MetricsSnapshot } from '#lib/telemetry/metrics.ts'
import { dashboardSettings, notifierSettings } from './app-settings.ts'
import type { UpArguments } from './arguments.ts'
import { embeddedStarter } from './embedded.ts'
import { type FirstModel, trainFirstModel } from './first-model.ts'
import { openLiveMarket } from './live-market.ts'
import { type LivePlan, type MarketPlan, planLiveMarket, planMarket } from './market-plan.ts'
import { type Summary, summarize } from './summary.ts'

export type PlayContext = Readonly<{
  argv: readonly string[]
  env: Readonly<Record<string, string | undefined>>
  progress: Progress
  /** Aborted by the first ctrl-C or SIGTERM: drain and report. */
  interrupted: AbortSignal
}>

const localPartitions = 3
const settleMillis = 60_000
const readyMillis = 60_000
/** Behind the collector, in the order in which they drain. */
const stages = ['enricher', 'featurizer', 'scorer', 'alerter', 'notifier', 'ledger', 'archiver', 'dashboard'] as const

/**
 * The main job: servers, topics, a first model, and every app as a process of its own, on a simulated market or on the real one.
 * Null when it was interrupted before the market began to play.
 */
export async function playMarket(options: UpArguments, context: PlayContext): Promise<Summary | null> {
  const { env, progress, interrupted, argv } = context
  const plan = options.live ? planLiveMarket(env) : await planMarket(options, root)
  const stack = await resolveStack({ env, onProgress: progress.say, allowEmbedded: true })
  if (interrupted.aborted) return null
  if (stack.kind === 'embedded' && options.live)
    throw new FatalError(
      '--live needs servers: without Java and Docker nothing would survive the end. Install one (npx flipstream doctor).',
    )
  if (stack.kind === 'embedded')
    progress.say('neither Java nor Docker here: running inside this process, on a log in memory. Nothing survives the end.')
  const run =
    plan.source === 'live'
      ? continueLiveRun(root, plan.collector.MARKETPLACE_URL, clock.now(), argv)
      : createRun(root, plan.source, clock.now(), argv)
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
    plan: MarketPlan | LivePlan
    stack: Stack
    run: Run
    backend: Backend
    environment: Readonly<Record<string, string>>
    /** Everything started, by name. */
    handles: Map<string, AppHandle>
  }>

async function play(playing: Playing): Promise<Summary | null> {
  const { run, backend, environment, options } = playing
  const start = starter(playing)
  const market = await openMarketplace(playing)
  for (const name of stages) {
    if (name === 'notifier') start(name, { settings: notifierSettings(options, environment, market), onOutput: playing.progress.output })
    else if (name === 'dashboard') start(name, { settings: await dashboardSettings(playing.env, market) })
    else if (name === 'archiver') start(name, { settings: { ARCHIVE_IDLE_SECONDS: '2' } })
    else start(name)
  }
  void sayWhereDashboardIs(playing)
  const model = await putModelInForce(playing)
  if (model === null) return null
  const { log, codec } = backend
  const observer = await startObserver({ log, codec, prefix: run.prefix, clock, alsoSeen: archivedIn(environment) })
  try {
    start('collector', { settings: market })
    const seconds = await watch(playing, observer)
    return await finish(playing, observer, { seconds, model })
  } finally {
    await observer.stop()
  }
}

/** Where the market is and how it is read: the collector's settings. A simulated one is started first. */
async function openMarketplace({ plan, run, environment, handles }: Playing): Promise<Record<string, string>> {
  if (plan.source === 'live') return { MARKET_SOURCE: 'live' }
  const simulator = createProcesses({ environment, logDirectory: run.directory })('simulator', { settings: plan.simulator })
  handles.set('simulator', simulator)
  const marketplace = await simulator.url
  return { ...plan.collector, MARKETPLACE_URL: marketplace, LEADERBOARD_URL: new URL('/leaderboard', marketplace).href }
}

/** The model that will price, decided in the market's events before the first of the market itself. Null when interrupted. */
async function putModelInForce(playing: Playing): Promise<FirstModel | null> {
  const { plan, run, backend, progress, interrupted, environment } = playing
  const context = { run, backend, environment, progress, signal: interrupted }
  if (plan.source === 'live') return openLiveMarket(plan, { ...context, clock, whenReady: () => whenReady(playing) })
  const model = await trainFirstModel(plan, context)
  if (model === null) return null
  await whenReady(playing)
  const { log, codec } = backend
  const reason = 'first model of this run'
  await promote({ log, codec, prefix: run.prefix }, { ...model, at: plan.playFrom, source: plan.source, rules: defaultRules, reason })
  return model
}

const archivedIn = (environment: Playing['environment']) => archivedTopics(environment) as readonly TopicName[]

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
  { handles, backend, run, plan, progress, environment }: Playing,
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
  return summarize({
    run: run.name,
    simulated: plan.source !== 'live',
    counts: observer.counts,
    archived,
    seconds,
    modelId: model.modelId,
    snapshots,
    settled,
  })
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
