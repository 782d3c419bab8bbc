import type { Clock } from '#lib/clock/clock.ts'
import type { Codec } from '#lib/codec/codec.ts'
import type { ObjectStore } from '#lib/objectstore/object-store.ts'
import type { Log } from '#lib/stream/log.ts'
import type { Health } from '#lib/telemetry/health.ts'
import type { Logger } from '#lib/telemetry/logger.ts'
import type { Metrics } from '#lib/telemetry/metrics.ts'
import type { Traces } from '#lib/telemetry/traces.ts'
import type { commonSettings } from './common-settings.ts'
import type { Config, Settings } from './config.ts'

/** Everything an app may touch of the world. Built by `run-app.ts` for a process of its own, or by an embedded start for many in one. */
export type AppContext<S extends Settings = Settings> = Readonly<{
  config: Config<typeof commonSettings> & Config<S>
  prefix: string
  clock: Clock
  logger: Logger
  metrics: Metrics
  health: Health
  log: Log
  codec: Codec
  store: ObjectStore
  /** Absent unless traces are asked for. */
  traces?: Traces
}>

/** An app at work. `finished` resolves after `stop` (or when there is nothing left to do) and rejects when it cannot go on. */
export type RunningApp = Readonly<{ finished: Promise<void>; stop(): Promise<void> }>

export type App<S extends Settings = Settings> = Readonly<{
  name: string
  /** One line for --help. */
  summary: string
  /** Beside the common settings. */
  settings: S
  /**
   * False: it neither reads nor writes objects, and is given no key to the store. `where given`: it does without where no address of one is
   * set (`hasStore`).
   */
  usesStore?: false | 'where given'
  /** Builds adapters and starts. No branching on data. */
  start(context: AppContext<S>): Promise<RunningApp>
}>

export const defineApp = <S extends Settings>(app: App<S>): App<S> => app

/** What a parent process is told (by IPC, where it asked for a channel) once an app serves its status. */
export type AppListening = Readonly<{ type: 'listening'; app: string; url: string }>
