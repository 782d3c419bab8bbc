import { execFileSync, spawn } from 'node:child_process'
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

/**
 * A process that outlives the one that started it. The pid alone is no name (the kernel gives it to others later), so its start time
 * belongs to it.
 */
export type ProcessIdentity = Readonly<{ pid: number; startTime: string }>

const pollMillis = 50
const killMillis = 10_000

type SpawnOptions = Readonly<{
  env: NodeJS.ProcessEnv
  /** The working directory. */
  directory: string
  /** Gets all output, added at its end. */
  logFile: string
}>

/** Starts a process in a session of its own: neither ctrl-C nor the end of this process reaches it. */
export function spawnDetached(command: string, args: readonly string[], options: SpawnOptions): ProcessIdentity {
  const log = openSync(options.logFile, 'a')
  try {
    const child = spawn(command, args, { detached: true, stdio: ['ignore', log, log], cwd: options.directory, env: options.env })
    child.on('error', () => {})
    child.unref()
    const identity = child.pid === undefined ? null : identify(child.pid)
    if (identity === null) throw new Error(`cannot run ${command}`)
    return identity
  } finally {
    closeSync(log)
  }
}

/** Null where no such process lives (a zombie does not live). */
export function identify(pid: number): ProcessIdentity | null {
  const startTime = process.platform === 'linux' ? startTimeFromProc(pid) : startTimeFromPs(pid)
  return startTime === null ? null : { pid, startTime }
}

export const isAlive = (identity: ProcessIdentity): boolean => identify(identity.pid)?.startTime === identity.startTime

/** /proc/PID/stat: after the name in parentheses come the state (first) and the start time in ticks since boot (twentieth). */
function startTimeFromProc(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' || fields[0] === 'X' ? null : `${fields[19]}@${bootId()}`
  } catch {
    return null
  }
}

const bootId = (): string => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').slice(0, 8)

function startTimeFromPs(pid: number): string | null {
  try {
    const [state, ...started] = execFileSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], { encoding: 'utf8' })
      .trim()
      .split(/\s+/)
    return state === undefined || state.startsWith('Z') ? null : started.join(' ')
  } catch {
    return null
  }
}

/** Processes with such an argument on their command line. Elsewhere than on Linux, arguments with spaces come in pieces. */
export function findByArgument(matches: (argument: string) => boolean): ProcessIdentity[] {
  const commands = process.platform === 'linux' ? commandsFromProc() : commandsFromPs()
  return commands.filter(({ args }) => args.some(matches)).flatMap(({ pid }) => identify(pid) ?? [])
}

type Command = Readonly<{ pid: number; args: readonly string[] }>

function commandsFromProc(): Command[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return pids.flatMap((pid) => {
    try {
      return [{ pid: Number(pid), args: readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0') }]
    } catch {
      return []
    }
  })
}

function commandsFromPs(): Command[] {
  const lines = execFileSync('ps', ['-axww', '-o', 'pid=,command='], { encoding: 'utf8' }).trim().split('\n')
  return lines.map((line) => {
    const [pid, ...args] = line.trim().split(/\s+/)
    return { pid: Number(pid), args }
  })
}

/** Asks the process to end, and after `graceMillis` makes it. Resolves when it is gone. */
export async function stopProcess(identity: ProcessIdentity, graceMillis: number): Promise<void> {
  send(identity, 'SIGTERM')
  // One that was stopped (SIGSTOP) hears it only then.
  send(identity, 'SIGCONT')
  if (!(await isGone(identity, graceMillis))) await killProcess(identity)
}

/** SIGKILL: the process gets no chance to put anything in order. Resolves when it is gone. */
export async function killProcess(identity: ProcessIdentity): Promise<void> {
  send(identity, 'SIGKILL')
  if (!(await isGone(identity, killMillis))) throw new Error(`process ${identity.pid} does not end, not even on SIGKILL`)
}

function send(identity: ProcessIdentity, signal: NodeJS.Signals): void {
  if (!isAlive(identity)) return
  try {
    process.kill(identity.pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

async function isGone(identity: ProcessIdentity, timeoutMillis: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMillis
  while (isAlive(identity)) {
    if (performance.now() > deadline) return false
    await delay(pollMillis)
  }
  return true
}
