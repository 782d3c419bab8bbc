import { type ChildProcess, spawn } from 'node:child_process'
import { createWriteStream, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { AppListening } from '#lib/app/run-app.ts'
import { systemClock } from '#lib/clock/clock.ts'
import type { HealthReport } from '#lib/telemetry/health.ts'
import type { MetricsSnapshot } from '#lib/telemetry/metrics.ts'

/** One app as a process of its own, as it would run in a cluster: killed alone, measured alone. */
export type AppProcess = Readonly<{
  name: string
  pid: number
  /** Resolves when the process has ended. */
  exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
  /** Where it serves health and metrics. Rejects when it ends before it says so. */
  url: Promise<string>
  metrics(): Promise<MetricsSnapshot>
  health(): Promise<HealthReport>
  /** SIGTERM, then waits for the drain; SIGKILL after 15 s. */
  stop(): Promise<void>
  /** The end of its log, for a person to read. */
  lastLogLines(count: number): string
}>

export type StartAppOptions = Readonly<{
  name: string
  env: Readonly<Record<string, string>>
  logDirectory: string
  /** Receives what the app prints (alert cards); otherwise it goes to the log. */
  onOutput?: (chunk: Buffer) => void
}>

const cli = new URL('../cli/main.ts', import.meta.url).pathname
const killAfterMillis = 15_000

export function startApp({ name, env, logDirectory, onOutput }: StartAppOptions): AppProcess {
  const logFile = join(logDirectory, `${name}.log`)
  const log = createWriteStream(logFile, { flags: 'a' })
  const child = spawn(process.execPath, [cli, name], { env: { ...env }, stdio: ['ignore', 'pipe', 'pipe', 'ipc'], detached: true })
  child.stderr?.pipe(log)
  if (onOutput === undefined) child.stdout?.pipe(log, { end: false })
  else child.stdout?.on('data', onOutput)

  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) =>
    child.once('close', (code, signal) => resolve({ code, signal })),
  )
  const url = listening(child, name, exited)
  url.catch(() => {})
  const get = async <T>(path: string): Promise<T> => (await (await fetch(`${await url}${path}`)).json()) as T
  return {
    name,
    pid: child.pid ?? -1,
    exited,
    url,
    metrics: () => get<MetricsSnapshot>('/metrics.json'),
    health: () => get<HealthReport>('/readyz'),
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGTERM')
      const cut = new AbortController()
      systemClock.sleep(killAfterMillis, cut.signal).then(
        () => child.kill('SIGKILL'),
        () => {},
      )
      await exited
      cut.abort()
    },
    lastLogLines: (count) => {
      try {
        return readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-count).join('\n')
      } catch {
        return '(no log)'
      }
    },
  }
}

function listening(
  child: ChildProcess,
  name: string,
  exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>,
): Promise<string> {
  return new Promise((resolve, reject) => {
    child.on('message', (message: AppListening) => {
      if (message.type === 'listening') resolve(message.url)
    })
    child.once('error', (error) => reject(new Error(`${name} could not be started: ${error.message}`)))
    void exited.then(({ code, signal }) => reject(new Error(`${name} ended before it was ready (${signal ?? `exit code ${code}`})`)))
  })
}
