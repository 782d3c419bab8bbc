import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import type { AppListening } from '#lib/app/app.ts'
import { systemClock } from '#lib/clock/clock.ts'
import { checkoutRoot } from '#lib/stack/resolve.ts'
import type { HealthReport } from '#lib/telemetry/health.ts'
import type { MetricsSnapshot } from '#lib/telemetry/metrics.ts'
import type { AppHandle, StartApp, StartAppOptions } from './app-handle.ts'
import { openLogFile } from './log-file.ts'
import { causeOfEnd } from './supervision/cause.ts'

/** An app as a process of its own, as it runs in a cluster: killed alone, measured alone. */
export type AppProcess = AppHandle & Readonly<{ child: ChildProcess; url: Promise<string> }>

export type ProcessesOptions = Readonly<{
  /** The whole environment of every app. */
  environment: Readonly<Record<string, string>>
  /** Gets `<app>.log`. */
  logDirectory: string
  /** Told when a log cannot be written, and with null when it can again. */
  onLogTrouble?: (app: string, problem: Error | null) => void
  /** The checkout whose apps are started. Default: this one. */
  root?: string
}>

const killAfterMillis = 15_000
const answerMillis = 5_000
/** Enough for the last words of a process, with a stack or two. */
const tailLines = 200

/**
 * Each in a process group of its own, so that a ctrl-C in the terminal reaches only us and we drain them in order. They end by
 * themselves when we do, however we do: the channel between us breaks.
 */
export function createProcesses(options: ProcessesOptions): (name: string, options?: StartAppOptions) => AppProcess {
  const { environment, logDirectory, root = checkoutRoot, onLogTrouble = () => {} } = options
  const cli = join(root, 'apps', 'cli', 'main.ts')
  return (name, { settings = {}, onOutput } = {}) => {
    const log = openLogFile({ path: join(logDirectory, `${name}.log`), onTrouble: (problem) => onLogTrouble(name, problem) })
    const child = spawn(process.execPath, [cli, name], {
      env: { ...environment, ...settings },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      detached: true,
    })
    child.stderr?.on('data', log.write)
    child.stdout?.on('data', onOutput ?? log.write)
    const exited = whenEnded(child)
    const ended = exited.then((how) => {
      log.close()
      return causeOfEnd(how, log.tail(tailLines))
    })
    const url = whenListening(child, name, exited)
    const started = url.then(() => {})
    for (const promise of [url, started]) promise.catch(() => {}) // Whoever waits for it sees the rejection; nobody may.
    const get = async (path: string) => fetch(`${await url}${path}`, { signal: AbortSignal.timeout(answerMillis) })
    const getJson = async <T>(path: string): Promise<T> => (await (await get(path)).json()) as T
    return {
      name,
      child,
      url,
      exited,
      ended,
      started,
      metrics: () => getJson<MetricsSnapshot>('/metrics.json'),
      exposition: async () => (await get('/metrics')).text(),
      health: () => getJson<HealthReport>('/readyz'),
      stop: () => stopProcess(child, exited),
      kill: () => void child.kill('SIGKILL'),
      lastLogLines: (count) => log.tail(count).join('\n') || '(no log)',
    }
  }
}

export const processStarter = (options: ProcessesOptions): StartApp => createProcesses(options)

/** A process that cannot be started at all (no descriptors, no memory) has ended as well. */
function whenEnded(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => child.pid === undefined && resolve(`could not be started: ${error.message}`))
    child.once('close', (code, signal) => resolve(signal ?? `exit code ${code}`))
  })
}

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
    void exited.then((how) => reject(new Error(`${name} ended before it was ready (${how})`)))
  })
}
