/** `npm start` as people start it, for system tests. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { inject } from 'vitest'
import { systemClock } from '#lib/clock/clock.ts'
import { environmentOf } from '#lib/stack/addresses.ts'
import { checkoutRoot } from '#lib/stack/resolve.ts'

export const serverEnvironment = () => environmentOf({ brokers: inject('brokers'), registryUrl: inject('registryUrl'), s3: inject('s3') })

type Ended = Readonly<{ code: number | null; signal: NodeJS.Signals | null; stdout: string; stderr: string; seconds: number }>
export type Started = Readonly<{ child: ChildProcess; ended: Promise<Ended>; stderr(): string }>

const running: ChildProcess[] = []

/** Whatever a test leaves running ends with it. */
export const keep = (child: ChildProcess): void => void running.push(child)
export function stopStarted(): void {
  for (const child of running.splice(0)) child.kill('SIGKILL')
}

export function npmStart(argv: readonly string[], env: NodeJS.ProcessEnv = serverEnvironment()): Started {
  const started = performance.now()
  const child = spawn('npm', ['start', '--silent', '--', ...argv], { cwd: checkoutRoot, env: { ...process.env, ...env }, detached: true })
  running.push(child)
  const output = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk) => {
    output.stdout += chunk
  })
  child.stderr.on('data', (chunk) => {
    output.stderr += chunk
  })
  const ended = new Promise<Ended>((resolve) =>
    child.once('close', (code, signal) => resolve({ code, signal, ...output, seconds: (performance.now() - started) / 1_000 })),
  )
  return { child, ended, stderr: () => output.stderr }
}

/** A main job that ends before it scored anything has something to say. */
export async function untilScored({ ended, stderr }: Started): Promise<void> {
  const scored = until(() => /scored [1-9]/.test(stderr()), 180_000)
  const early = ended.then(({ code }) => {
    throw new Error(`the main job ended (exit code ${code}) before it scored a listing:\n${stderr()}`)
  })
  early.catch(() => {}) // It ends later, too.
  await Promise.race([scored, early])
}

export async function until(condition: () => boolean, millis: number): Promise<void> {
  const deadline = systemClock.monotonic() + millis
  while (!condition()) {
    if (systemClock.monotonic() > deadline) throw new Error(`not within ${millis / 1_000} s: ${condition}`)
    await systemClock.sleep(100)
  }
}

/** Children, their children, and so on, nearest first. */
export function descendants(pid: number): number[] {
  const rows = execFileSync('ps', ['-eo', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n')
  const pairs = rows.map((row) => row.trim().split(/\s+/).map(Number) as [number, number])
  const children = (parent: number): number[] => pairs.filter(([, owner]) => owner === parent).map(([own]) => own)
  const family: number[] = []
  for (let generation = children(pid); generation.length > 0; generation = generation.flatMap(children)) family.push(...generation)
  return family
}

export function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(execFileSync('cat', [`/proc/${pid}/status`], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }))
  } catch {
    return false
  }
}
