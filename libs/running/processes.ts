import { type ChildProcess, spawn } from 'node:child_process'
import { createWriteStream, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { AppListening } from '#lib/app/app.ts'
import { systemClock } from '#lib/clock/clock.ts'
import { checkoutRoot } from '#lib/stack/resolve.ts'
import type { HealthReport } from '#lib/telemetry/health.ts'
import type { MetricsSnapshot } from '#lib/telemetry/metrics.ts'
import type { AppHandle, StartApp, StartAppOptions } from './app-handle.ts'

/** An app as a process of its own, as it runs in a cluster: killed alone, measured alone. */
export type AppProcess = AppHandle & Readonly<{ child: ChildProcess; url: Promise<string> }>

export type ProcessesOptions = Readonly<{
  /** The whole environment of every app. */
  environment: Readonly<Record<string, string>>
  /** Gets `<app>.log`. */
  logDirectory: string
  /** The checkout whose apps are started. Default: this one. */
  root?: string
}>

const killAfterMillis = 15_000

/**
 * Each in a process group of its own, so that a ctrl-C in the terminal reaches only us and we drain them in order. They end by
 * themselves when we do, however we do: the channel between us breaks.
 */
export function createProcesses(options: ProcessesOptions): (name: string, options?: StartAppOptions) => AppProcess {
  const { environment, logDirectory, root = checkoutRoot } = options
  const cli = join(root, 'apps', 'cli', 'main.ts')
  return (name, { settings = {}, onOutput } = {}) => {
    const logFile = join(logDirectory, `${name}.log`)
    const log = createWriteStream(logFile, { flags: 'a' })
    const child = spawn(process.execPath, [cli, name], {
      env: { ...environment, ...settings },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      detached: true,
    })
    child.stderr?.pipe(log, { end: false })
    if (onOutput === undefined) child.stdout?.pipe(log, { end: false })
    else child.stdout?.on('data', onOutput)
    const exited = new Promise<string>((resolve) =>
      child.once('close', (code, signal) => {
        log.end()
        resolve(signal ?? `exit code ${code}`)
      }),
    )
    const url = whenListening(child, name, exited)
    const started = url.then(() => {})
    for (const promise of [url, started]) promise.catch(() => {}) // Whoever waits for it sees the rejection; nobody may.
    const get = async <T>(path: string): Promise<T> => (await (await fetch(`${await url}${path}`)).json()) as T
    return {
      name,
      child,
      url,
      exited,
      started,
      metrics: () => get<MetricsSnapshot>('/metrics.json'),
      health: () => get<HealthReport>('/readyz'),
      stop: () => stopProcess(child, exited),
      lastLogLines: (count) => lastLines(logFile, count),
    }
  }
}

export const processStarter = (options: ProcessesOptions): StartApp => createProcesses(options)

async function stopProcess(child: ChildProcess, exited: Promise<string>): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM')
  const cut = new AbortController()
  systemClock.sleep(killAfterMillis, cut.signal).then(
    () => child.kill('SIGKILL'),
    () => {},
  )
  await exited
  cut.abort()
}

function whenListening(child: ChildProcess, name: string, exited: Promise<string>): Promise<string> {
  return new Promise((resolve, reject) => {
    child.on('message', (message: AppListening) => {
      if (message.type === 'listening') resolve(message.url)
    })
    child.once('error', (error) => reject(new Error(`${name} could not be started: ${error.message}`)))
    void exited.then((how) => reject(new Error(`${name} ended before it was ready (${how})`)))
  })
}

function lastLines(file: string, count: number): string {
  try {
    return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-count).join('\n')
  } catch {
    return '(no log)'
  }
}
