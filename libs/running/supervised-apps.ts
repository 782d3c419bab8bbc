import type { Clock } from '#lib/clock/clock.ts'
import type { HealthReport } from '#lib/telemetry/health.ts'
import type { MetricsSnapshot } from '#lib/telemetry/metrics.ts'
import type { AppHandle, StartApp, StartAppOptions } from './app-handle.ts'
import { appPolicy, type Cause, describePhase, type Phase } from './supervision/app-life.ts'
import type { Supervised, Supervisor } from './supervision/supervisor.ts'

/** An app that is started again when it ends or hangs, through all its lives. */
export type SupervisedApp = Readonly<{
  name: string
  phase(): Phase
  /** For a line of states: `ready`, `behind by 1200`, `waiting for log: …`, `restarting in 2 s: …`. */
  describe(): string
  restarts(): number
  /** As of the last answer, of this life or, before it has given one, of the life before. Null before the first. */
  lastHealth(): HealthReport | null
  /** Figures of the life that runs now; null where it does not answer: an app that ended has taken its figures with it. */
  metrics(): Promise<MetricsSnapshot | null>
  /** The same as Prometheus reads it; rejects where it does not answer. */
  exposition(): Promise<string>
  stop(): Promise<void>
  lastLogLines(count: number): string
}>

export type SupervisedAppsOptions = Readonly<{
  clock: Clock
  supervisor: Supervisor
  start: StartApp
  /** What of the outside does not answer at the moment (`Kafka`); null: nothing is known to be away. What ends meanwhile is not to blame. */
  whatIsAway(): string | null
}>

export interface SupervisedApps {
  start(name: string, options?: StartAppOptions): SupervisedApp
  get(name: string): SupervisedApp | undefined
  all(): readonly SupervisedApp[]
}

const measureEveryMillis = 10_000
/** More visible records than this before an app, and it says so. */
const behindRecords = 200

export function createSupervisedApps(options: SupervisedAppsOptions): SupervisedApps {
  const apps = new Map<string, SupervisedApp>()
  return {
    start(name, settings) {
      const app = superviseApp(name, settings, options)
      apps.set(name, app)
      return app
    },
    get: (name) => apps.get(name),
    all: () => [...apps.values()],
  }
}

function superviseApp(name: string, settings: StartAppOptions | undefined, options: SupervisedAppsOptions): SupervisedApp {
  const { clock, supervisor, start, whatIsAway } = options
  let handle: AppHandle
  let health: HealthReport | null = null
  let lagRecords = 0
  let measuredAt = Number.NEGATIVE_INFINITY

  const probe = async () => {
    const report = await handle.health()
    health = report
    if (clock.monotonic() - measuredAt >= measureEveryMillis) {
      measuredAt = clock.monotonic()
      lagRecords = lagOf(await handle.metrics())
    }
    return { alive: report.alive, waitingFor: whatIsMissing(report) }
  }
  const supervised: Supervised = supervisor.supervise({
    policy: appPolicy,
    start() {
      handle = start(name, settings)
      return {
        started: handle.started,
        ended: handle.ended.then((cause) => blameWorld(cause, whatIsAway())),
        probe,
        kill: handle.kill,
        stop: () => void handle.stop(),
      }
    },
  })
  return {
    name,
    phase: () => supervised.life().phase,
    describe() {
      const said = describePhase(supervised.life().phase, clock.monotonic())
      return said === 'ready' && lagRecords > behindRecords ? `behind by ${lagRecords}` : said
    },
    restarts: () => supervised.life().restarts,
    lastHealth: () => health,
    metrics: () => handle.metrics().catch(() => null),
    exposition: () => handle.exposition(),
    stop: supervised.stop,
    lastLogLines: (count) => handle.lastLogLines(count),
  }
}

function blameWorld(cause: Cause, away: string | null): Cause {
  return cause.blame === 'own' && away !== null ? { sentence: `${cause.sentence}; ${away} does not answer`, blame: 'world' } : cause
}

/** The first condition that does not hold, and what it says of itself. */
function whatIsMissing({ ready, conditions }: HealthReport): string | null {
  if (ready) return null
  const [missing] = Object.entries(conditions).filter(([, condition]) => !condition.ready)
  if (missing === undefined) return 'its start'
  const [condition, { detail }] = missing
  return detail === 'not yet' || detail === 'not ready' ? condition : `${condition}: ${detail}`
}

const lagOf = ({ values }: MetricsSnapshot): number =>
  Object.entries(values).reduce((sum, [series, value]) => sum + (series.startsWith('lag_records') ? value : 0), 0)
