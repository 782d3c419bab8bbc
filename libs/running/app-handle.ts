import type { HealthReport } from '#lib/telemetry/health.ts'
import type { MetricsSnapshot } from '#lib/telemetry/metrics.ts'
import type { Cause } from './supervision/app-life.ts'

/** One app of the pipeline at work, as a process of its own (processes.ts) or inside this one (embedded.ts). */
export type AppHandle = Readonly<{
  name: string
  /** Resolves with a word on how, when it has ended. */
  exited: Promise<string>
  /** The same, with why in a sentence for a person. */
  ended: Promise<Cause>
  /** Resolves when it can be asked for health and metrics; rejects when it ends before. */
  started: Promise<void>
  metrics(): Promise<MetricsSnapshot>
  /** The same as Prometheus reads it. */
  exposition(): Promise<string>
  health(): Promise<HealthReport>
  /** Drains, then ends. Idempotent. */
  stop(): Promise<void>
  /** Ends it at once, where that can be done. */
  kill(): void
  /** The end of its log, for a person to read. */
  lastLogLines(count: number): string
}>

export type StartAppOptions = Readonly<{
  /** Environment variables beside those that all apps share. */
  settings?: Readonly<Record<string, string>>
  /** Receives what the app prints (alert cards); otherwise it goes to the log. */
  onOutput?: (chunk: Buffer) => void
}>

export type StartApp = (name: string, options?: StartAppOptions) => AppHandle
