import { join } from 'node:path'
import { archivedTopics } from '#lib/archive/config.ts'
import { countArchived } from '#lib/archive/read.ts'
import { systemClock as clock } from '#lib/clock/clock.ts'
import { promote } from '#lib/decisions/promote.ts'
import { FatalError } from '#lib/errors/errors.ts'
import { consumers, pricingStages } from '#lib/market/consumers.ts'
import { type TopicName, topicSettings } from '#lib/market/topics.ts'
import { defaultRules } from '#lib/rules/presets.ts'
import { appEnvironment } from '#lib/running/app-environment.ts'
import type { StartApp } from '#lib/running/app-handle.ts'
import { type Backend, openBackend } from '#lib/running/backend.ts'
import { checkMachineLimits, machineLimits } from '#lib/running/machine-limits.ts'
import { type Observer, startObserver } from '#lib/running/observer.ts'
import { type AppProcess, createProcesses, processStarter } from '#lib/running/processes.ts'
import { columnsOf, type Progress } from '#lib/running/progress.ts'
import { writePrometheusConfig } from '#lib/running/prometheus-config.ts'
import { lockRun } from '#lib/running/run-lock.ts'
import { type RunMetrics, serveRunMetrics } from '#lib/running/run-metrics.ts'
import { continueLiveRun, createRun, type Run } from '#lib/running/runs.ts'
import { type Reader, settle } from '#lib/running/settle.ts'
import { createStateReport, type State, stateLines } from '#lib/running/state-lines.ts'
import { createSupervisedApps, type SupervisedApps } from '#lib/running/supervised-apps.ts'
import { createServerWatch, type ServerWatch } from '#lib/running/supervised-servers.ts'
import { createSupervisor, type Supervisor } from '#lib/running/supervision/supervisor.ts'
import { resolveStack, checkoutRoot as root, type Stack } from '#lib/stack/resolve.ts'
import type { MetricsSnapshot } from '#lib/telemetry/metrics.ts'
import { minute } from '#lib/words/format.ts'
import { withoutOthersSecrets } from './app-secrets.ts'
import { dashboardSettings, notifierSettings, priceApi } from './app-settings.ts'
import type { UpArguments } from './arguments.ts'
import { embeddedStarter } from './embedded.ts'
import { type FirstModel, trainFirstModel } from './first-model.ts'
import { openLiveMarket } from './live-market.ts'
import { type LivePlan, type MarketPlan, planLiveMarket, planMarket } from './market-plan.ts'
import { readPaperMoney } from './money.ts'
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
/** How long those that price wait for those that do not, before the market opens. */
const patienceMillis = 10_000
/** Behind the collector, in the order in which they drain. The market opens when those that price are ready; nobody waits for the others. */
const stages = [...pricingStages, 'notifier', 'ledger', 'archiver', 'dashboard'] as const

/**
 * The main job: servers, topics, a first model, and every app as a process of its own, on a simulated market or on the real one. From then
 * on whatever ends or hangs is started again (libs/running/supervision); only a person, the time or a wrong setting ends the whole.
 * Null when it was interrupted before the market began to play.
 */
export async function playMarket(options: UpArguments, context: PlayContext): Promise<Summary | null> {
  const { env, progress, interrupted, argv } = context
  const plan = options.live ? planLiveMarket(env) : await planMarket(options, root)
  const limits = checkMachineLimits(machineLimits())
  if (limits !== null) progress.say(limits)
  const stack = await resolveStack({ env, onProgress: progress.say, allowEmbedded: true })
  if (interrupted.aborted) return null
  refuseEmbeddedLive(stack, options)
  if (stack.kind === 'embedded')
    progress.say('neither Java nor Docker here: running inside this process, on a log in memory. Nothing survives the end.')
  const run =
    plan.source === 'live'
      ? continueLiveRun(root, plan.collector.MARKETPLACE_URL, clock.now(), argv)
      : createRun(root, plan.source, clock.now(), argv)
  const unlock = await lockRun(run)
  progress.say(`run ${run.name} (logs in .flipstream/runs/${run.name})`)
  const backend = openBackend(stack, { root, clientId: `${run.prefix}up` })
  const supervisor = createSupervisor({ clock })
  let apps: SupervisedApps | undefined
  let metrics: RunMetrics | undefined
  try {
    await backend.log.checkReachable()
    const admin = backend.log.admin()
    await admin.createTopics(topicSettings(run.prefix, { partitions: localPartitions }))
    await admin.close()
    const environment = appEnvironment(env, stack, run.prefix)
    const servers = await createServerWatch({ clock, supervisor, stack, env, onProgress: progress.say })
    const started: Started = { options, plan, run, backend, environment, stack, supervisor, servers }
    apps = superviseApps({ ...context, ...started })
    metrics = await serveRunMetrics(run, apps)
    progress.say(`metrics of all apps ${metrics.url}`)
    if (options.observe) sayHowToObserve(writePrometheusConfig(run, metrics.url), progress)
    return await play({ ...context, ...started, apps, report: createStateReport({ clock, say: progress.say }) })
  } finally {
    await Promise.all(apps?.all().map((app) => app.stop()) ?? [])
    supervisor.close()
    await metrics?.close()
    await backend.close()
    await unlock()
  }
}

function sayHowToObserve(file: string, { say }: Progress): void {
  say(`observe it: prometheus --config.file=${file} --storage.tsdb.path=${join(root, '.flipstream', 'prometheus')}`)
  say(`      or:   docker run --rm --network host -v ${file}:/etc/prometheus/prometheus.yml:ro prom/prometheus`)
  say('then http://127.0.0.1:9090, and in a Grafana: import k8s/components/monitoring/flipstream.json')
}

function refuseEmbeddedLive(stack: Stack, { live }: UpArguments): void {
  if (stack.kind === 'embedded' && live)
    throw new FatalError(
      '--live needs servers: without Java and Docker nothing would survive the end. Install one (npx flipstream doctor).',
    )
}

type Started = Readonly<{
  options: UpArguments
  plan: MarketPlan | LivePlan
  stack: Stack
  run: Run
  backend: Backend
  environment: Readonly<Record<string, string>>
  supervisor: Supervisor
  servers: ServerWatch
}>

type Playing = PlayContext &
  Started &
  Readonly<{
    apps: SupervisedApps
    report: ReturnType<typeof createStateReport>
  }>

function superviseApps({ supervisor, servers, progress, ...started }: PlayContext & Started): SupervisedApps {
  return createSupervisedApps({
    clock,
    supervisor,
    start: starter({ ...started, progress }),
    whatIsAway: servers.whatIsAway,
  })
}

function starter({ stack, run, backend, environment, progress }: Omit<PlayContext & Started, 'supervisor' | 'servers'>): StartApp {
  if (stack.kind === 'embedded') return embeddedStarter({ environment, prefix: run.prefix, ...backend })
  const onLogTrouble = (app: string, problem: Error | null) =>
    progress.say(
      problem === null
        ? `the log of ${app} is written again`
        : `the log of ${app} cannot be written, and goes on without it: ${problem.message}`,
    )
  return (name, options) =>
    processStarter({ environment: withoutOthersSecrets(name, environment), logDirectory: run.directory, onLogTrouble })(name, options)
}

async function play(playing: Playing): Promise<Summary | null> {
  const { run, backend, environment, options, apps } = playing
  const marketplace = await openMarketplace(playing)
  try {
    const page = await dashboardSettings(playing.env, marketplace.settings)
    const notifier = { ...notifierSettings(options, environment, marketplace.settings), ...priceApi(playing.env, page) }
    for (const name of stages) {
      if (name === 'notifier') apps.start(name, { settings: notifier, onOutput: playing.progress.output })
      else if (name === 'dashboard') apps.start(name, { settings: page })
      else apps.start(name)
    }
    // A market that is simulated ends before there is much to learn.
    if (options.live) apps.start('learner')
    void sayWhereDashboardIs(playing)
    const model = await putModelInForce(playing)
    if (model === null) return null
    const { log, codec } = backend
    const onTrouble = ({ message }: Error) => playing.progress.say(`counting: ${message.split('\n')[0]}; goes on where it was`)
    const observer = await startObserver({ log, codec, prefix: run.prefix, clock, alsoSeen: archivedIn(environment), onTrouble })
    try {
      apps.start('collector', { settings: { ...marketplace.settings, LIVE_AFTER_GROUP: 'enricher' } })
      // A simulated market is over before its model grows old.
      if (playing.plan.source === 'live') apps.start('trainer')
      const seconds = await watch(playing, observer, marketplace)
      return await finish(playing, observer, { seconds, model, marketplace })
    } finally {
      await observer.stop()
    }
  } finally {
    await marketplace.process?.stop()
  }
}

/** Where the market is and how it is read: the collector's settings. A simulated one is a process of ours, and what ends with it. */
type Marketplace = Readonly<{ settings: Readonly<Record<string, string>>; process: AppProcess | null; hasEnded(): string | null }>

async function openMarketplace({ plan, run, environment }: Playing): Promise<Marketplace> {
  if (plan.source === 'live') return { settings: { MARKET_SOURCE: 'live' }, process: null, hasEnded: () => null }
  const simulator = createProcesses({ environment: withoutOthersSecrets('simulator', environment), logDirectory: run.directory })(
    'simulator',
    { settings: plan.simulator },
  )
  let ended: string | null = null
  void simulator.ended.then(({ sentence }) => {
    ended = sentence
  })
  const url = await simulator.url
  const settings = { ...plan.collector, MARKETPLACE_URL: url, LEADERBOARD_URL: new URL('/leaderboard', url).href }
  return { settings, process: simulator, hasEnded: () => ended }
}

/** The model that will price, decided in the market's events before the first of the market itself. Null when interrupted. */
async function putModelInForce(playing: Playing): Promise<FirstModel | null> {
  const { plan, run, backend, interrupted, environment } = playing
  const context = { run, backend, environment, progress: aboveStates(playing), signal: interrupted }
  if (plan.source === 'live') return openLiveMarket(plan, { ...context, clock, whenReady: () => whenReady(playing) })
  const model = await trainFirstModel(plan, context)
  if (model === null || !(await whenReady(playing))) return null
  const reason = 'first model of this run'
  await promote({ ...backend, prefix: run.prefix }, { ...model, at: plan.playFrom, source: plan.source, rules: defaultRules, reason })
  return model
}

/** A training's own line, and below it how the apps are, which start meanwhile. */
function aboveStates(playing: Playing): Progress {
  const { progress } = playing
  return { ...progress, status: (lines) => progress.status([lines, stateLines(statesOf(playing), widthOf(process.stderr))].flat()) }
}

const archivedIn = (environment: Playing['environment']) => archivedTopics(environment) as readonly TopicName[]

/** While a first model is trained, there is something to look at already. */
async function sayWhereDashboardIs({ apps, progress, interrupted }: Playing): Promise<void> {
  while (!interrupted.aborted) {
    const page = apps.get('dashboard')?.lastHealth()?.conditions.page
    if (page?.ready) return progress.say(`dashboard ${page.detail}`)
    await clock.sleep(100)
  }
}

/** Where there is no terminal, only what is not well is worth a line again and again. */
const widthOf = (screen: NodeJS.WriteStream): number | null => (screen.isTTY ? columnsOf(screen) : null)

const statesOf = ({ apps, servers }: Pick<Playing, 'apps' | 'servers'>): State[] => [
  ...servers.states(),
  ...apps.all().map((app) => ({ name: app.name, phase: app.phase(), text: app.describe() })),
]

/** Until the time is up, someone interrupts, or a simulated market ends. Returns the seconds since the first live listing. */
async function watch(playing: Playing, observer: Observer, marketplace: Marketplace): Promise<number> {
  const { progress, report, interrupted, options } = playing
  let firstListingAt: number | null = null
  for (;;) {
    if (firstListingAt === null && observer.counts.listings > 0) firstListingAt = clock.monotonic()
    const seconds = firstListingAt === null ? 0 : (clock.monotonic() - firstListingAt) / 1_000
    const marketEnded = marketplace.hasEnded()
    if (marketEnded !== null) progress.say(`the simulated market ${marketEnded}: nothing more will happen on it`)
    if (interrupted.aborted || marketEnded !== null || (options.forSeconds !== null && seconds >= options.forSeconds)) return seconds
    const states = statesOf(playing)
    report.look(states)
    progress.status([statusLine(observer, seconds, options.forSeconds), ...stateLines(states, widthOf(process.stderr))])
    await clock.sleep(250)
  }
}

function statusLine({ counts, marketTime }: Observer, seconds: number, forSeconds: number | null): string {
  const time = marketTime()
  const when = time === null ? 'market opens' : `market ${minute(time)}`
  const elapsed = `${seconds.toFixed(0)}${forSeconds === null ? '' : `/${forSeconds}`} s`
  const { backfilled, listings, sales, scored, alerts, deadLetters } = counts
  // What matters least comes last: a narrow terminal cuts it off.
  return `${elapsed}  ${when}  alerts ${alerts}  listings ${listings}  scored ${scored}  dead ${deadLetters}  sales ${sales}  history ${backfilled}`
}

type Ending = Readonly<{ seconds: number; model: FirstModel; marketplace: Marketplace }>

/** The source stops first; when everything it wrote has gone all the way, figures are taken and the apps stop, front to back. */
async function finish(playing: Playing, observer: Observer, { seconds, model, marketplace }: Ending): Promise<Summary> {
  const { apps, backend, run, plan, progress, environment } = playing
  const snapshots: Record<string, MetricsSnapshot> = {}
  const restarts = Object.fromEntries(apps.all().flatMap(({ name, restarts }) => (restarts() > 0 ? [[name, restarts()]] : [])))
  const measureAndStop = async (name: string): Promise<void> => {
    const app = apps.get(name)
    if (app === undefined) return
    progress.status(`draining: ${name}`)
    const snapshot = await app.metrics()
    if (snapshot !== null) snapshots[name] = snapshot
    await app.stop()
  }
  await measureAndStop('collector')
  await measureAndStop('trainer')
  const admin = backend.log.admin()
  const settleAll = (readers: readonly Reader[], timeoutMillis: number) =>
    settle({ admin, observer, prefix: run.prefix, clock, readers }, timeoutMillis)
  const read = await settleAll(consumers, settleMillis)
  const broken = statesOf(playing).flatMap(({ name, phase, text }) =>
    phase.name === 'given up' || phase.name === 'resting' ? [`${name} ${text}`] : [],
  )
  for (const name of ['learner', ...stages]) await measureAndStop(name)
  const archivers = archivedIn(environment).map((input) => ({ app: 'archiver', input }))
  const settled = (await archiveRest(playing, (timeoutMillis) => settleAll(archivers, timeoutMillis))) && read
  await admin.close()
  await marketplace.process?.stop()
  const archived = await countArchived(backend.store, { prefix: run.prefix, topic: 'market.events', generation: 1 }).catch(
    (error: Error) => {
      broken.push(`the archive cannot be read: ${error.message}`)
      return 0
    },
  )
  const money = await readPaperMoney({ ...backend, prefix: run.prefix }).catch((error: Error) => {
    broken.push(`outcomes cannot be read: ${error.message}`)
    return null
  })
  return summarize({
    run: run.name,
    simulated: plan.source !== 'live',
    counts: observer.counts,
    archived,
    seconds,
    modelId: model.modelId,
    snapshots,
    restarts,
    money,
    broken,
    settled,
  })
}

/**
 * What an archiver holds it writes when it stops. What it had not read by then is read by a second one, which waits for nothing more.
 * False when that takes too long.
 */
async function archiveRest(playing: Playing, settleArchive: (timeoutMillis: number) => Promise<boolean>): Promise<boolean> {
  if (await settleArchive(0)) return true
  const archiver = starter(playing)('archiver', { settings: { ARCHIVE_IDLE_SECONDS: '0.5' } })
  const settled = await settleArchive(settleMillis)
  await archiver.stop()
  return settled
}

/** False when interrupted before. Those that price must be ready; the others are given a moment. */
async function whenReady(playing: Playing): Promise<boolean> {
  const { apps, progress, report, interrupted, run } = playing
  const missing = (names: readonly string[]) => names.filter((name) => apps.get(name)?.describe() !== 'ready')
  let pricesAt: number | null = null
  for (;;) {
    if (interrupted.aborted) return false
    const waiting = missing(stages)
    if (missing(pricingStages).length === 0) pricesAt ??= clock.monotonic()
    else pricesAt = null
    if (waiting.length === 0 || (pricesAt !== null && clock.monotonic() - pricesAt > patienceMillis)) {
      progress.say(`ready: ${stages.filter((name) => !waiting.includes(name)).join(', ')}`)
      for (const name of waiting) progress.say(`${name} is ${apps.get(name)?.describe()}; the market opens without it`)
      return true
    }
    const hopeless = apps.all().find(({ name, phase }) => isPricing(name) && ['given up', 'resting'].includes(phase().name))
    if (hopeless !== undefined)
      throw new FatalError(`${hopeless.name} cannot start. It ${hopeless.describe()}
Its log: .flipstream/runs/${run.name}/${hopeless.name}.log`)
    report.look(statesOf(playing))
    progress.status(stateLines(statesOf(playing), widthOf(process.stderr)))
    await clock.sleep(50)
  }
}

const isPricing = (name: string): boolean => (pricingStages as readonly string[]).includes(name)
