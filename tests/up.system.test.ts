import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, inject, test } from 'vitest'
import type { Summary } from '#app/cli/up/summary.ts'
import { systemClock } from '#lib/clock/clock.ts'
import { checkoutRoot } from '#lib/stack/resolve.ts'
import { recordedSales } from './market-data.ts'

/** The main job as people start it. */

/** Real sales where FLIPSTREAM_DATA names their folder, else synthetic ones in the same columns. */
function salesFile(): string {
  if (process.env['FLIPSTREAM_DATA']) return recordedSales()
  const directory = mkdtempSync(join(tmpdir(), 'flipstream-up-'))
  const file = join(directory, 'sales.csv')
  writeFileSync(
    file,
    execFileSync(process.execPath, [join(checkoutRoot, 'bin', 'flipstream.mjs'), 'sample', '--days', '6', '--seed', '1'], {
      maxBuffer: 2 ** 28,
    }),
  )
  return file
}

const serverEnvironment = () => ({
  KAFKA_BROKERS: inject('brokers').join(),
  SCHEMA_REGISTRY_URL: inject('registryUrl'),
  S3_ENDPOINT: inject('s3').endpoint,
  S3_REGION: inject('s3').region,
  S3_ACCESS_KEY: inject('s3').accessKey,
  S3_SECRET_KEY: inject('s3').secretKey,
})

type Ended = Readonly<{ code: number | null; signal: NodeJS.Signals | null; stdout: string; stderr: string; seconds: number }>
type Started = Readonly<{ child: ChildProcess; ended: Promise<Ended>; stderr(): string }>

const running: ChildProcess[] = []
afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL')
})

function npmStart(argv: readonly string[], env: NodeJS.ProcessEnv = serverEnvironment()): Started {
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

describe('arguments are checked before any server is touched', () => {
  // A broker that is not there: whoever asked it would fail with 1.
  const noServer = {
    KAFKA_BROKERS: '127.0.0.1:1',
    SCHEMA_REGISTRY_URL: 'http://127.0.0.1:1',
    S3_ENDPOINT: 'http://127.0.0.1:1',
    S3_ACCESS_KEY: 'x',
    S3_SECRET_KEY: 'x',
  }

  test('--help explains', async () => {
    const { code, stdout } = await npmStart(['--help'], noServer).ended
    expect(code).toBe(0)
    expect(stdout).toContain('--speed')
  })

  test.each([
    [['--sales', 'nowhere.csv'], /no file nowhere\.csv/],
    [['--sales', 'package.json'], /columns time, id/],
    [['--speed', 'fast'], /--speed: expected a number above 0, found fast/],
    [['--for', '10'], /--for: expected a duration such as 90s/],
    [['--bogus'], /Unknown option '--bogus'/],
  ])('%s is refused with what was expected, exit code 2', async (argv, message) => {
    const { code, stderr } = await npmStart(argv as string[], noServer).ended
    expect(stderr).toMatch(message as RegExp)
    expect(code).toBe(2)
  })
})

test('a broker that is not there: a clear error within 10 s, exit code 1', async () => {
  const { code, stderr, seconds } = await npmStart([], { ...serverEnvironment(), KAFKA_BROKERS: '127.0.0.1:1' }).ended
  expect(stderr).toMatch(/127\.0\.0\.1:1/)
  expect(code).toBe(1)
  expect(seconds).toBeLessThan(12)
})

test('recorded sales: ends by itself, every live listing scored once or dead, every event archived; and again, with true counts', async () => {
  const recorded = salesFile()
  for (let turn = 0; turn < 2; turn++) {
    const { code, stdout, stderr } = await npmStart(['--sales', recorded, '--speed', '600', '--for', '20s', '--json']).ended
    expect(code, stderr).toBe(0)
    const summary = JSON.parse(stdout) as Summary
    expect(summary.problems).toEqual([])
    expect(summary.listings).toBeGreaterThan(100)
    expect(summary.scored + summary.deadLetters).toBe(summary.listings)
    expect(summary.enriched).toBe(summary.scored)
    expect(summary.archived).toBe(summary.marketEvents)
    expect(summary.listingToDecisionMs.n).toBe(summary.listings)
    expect(summary.backfilled).toBeGreaterThan(20_000)
  }

  // Of the last run, without being told which.
  const archive = await flipstream(['archive', 'verify', '--json'])
  expect(archive).toMatchObject({ code: 0, answer: { comparedWithLog: true, problems: [] } })
  expect(await flipstream(['replay', '--pipeline', '--json'])).toMatchObject({ code: 0, answer: { complete: true } })
  const replay = await flipstream(['replay', 'verify', '--json'])
  expect(replay).toMatchObject({ code: 0, answer: { identical: true, refused: [] } })
  const [scored] = (replay.answer as { topics: { recorded: number; identical: number }[] }).topics
  expect(scored!.recorded).toBeGreaterThan(100)
  expect(scored!.identical).toBe(scored!.recorded)
})

/** A command with --json: its exit code, and what it answered. */
async function flipstream(argv: readonly string[]): Promise<{ code: number | null; answer: unknown }> {
  const launcher = join(checkoutRoot, 'bin', 'flipstream.mjs')
  const child = spawn(process.execPath, [launcher, ...argv], {
    env: { ...process.env, ...serverEnvironment() },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  running.push(child)
  let stdout = ''
  child.stdout.on('data', (chunk) => {
    stdout += chunk
  })
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  return { code, answer: JSON.parse(stdout) }
}

test('SIGTERM to npm: drains, prints its summary, and leaves no process behind', async () => {
  const started = npmStart(['--speed', '600'])
  const { child, ended } = started
  await untilScored(started)
  const family = descendants(child.pid as number)
  expect(family.length).toBeGreaterThan(8)
  child.kill('SIGTERM')
  const { code, stdout } = await ended
  expect(stdout).toMatch(/Counts agree/)
  expect(code).toBe(0)
  await until(() => family.every((pid) => !isAlive(pid)), 5_000)
})

test('SIGKILL to the main job: the apps notice and end by themselves', async () => {
  const started = npmStart(['--speed', '600'])
  const { child } = started
  await untilScored(started)
  const family = descendants(child.pid as number)
  process.kill(child.pid as number, 'SIGKILL')
  for (const pid of family.slice(0, 1)) process.kill(pid, 'SIGKILL')
  await until(() => family.every((pid) => !isAlive(pid)), 30_000)
})

/** A main job that ends before it scored anything has something to say. */
async function untilScored({ ended, stderr }: Started): Promise<void> {
  const scored = until(() => /scored [1-9]/.test(stderr()), 180_000)
  const early = ended.then(({ code }) => {
    throw new Error(`the main job ended (exit code ${code}) before it scored a listing:\n${stderr()}`)
  })
  early.catch(() => {}) // It ends later, too.
  await Promise.race([scored, early])
}

async function until(condition: () => boolean, millis: number): Promise<void> {
  const deadline = systemClock.monotonic() + millis
  while (!condition()) {
    if (systemClock.monotonic() > deadline) throw new Error(`not within ${millis / 1_000} s: ${condition}`)
    await systemClock.sleep(100)
  }
}

/** Children, their children, and so on, nearest first. */
function descendants(pid: number): number[] {
  const rows = execFileSync('ps', ['-eo', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n')
  const pairs = rows.map((row) => row.trim().split(/\s+/).map(Number) as [number, number])
  const children = (parent: number): number[] => pairs.filter(([, of]) => of === parent).map(([own]) => own)
  const family: number[] = []
  for (let generation = children(pid); generation.length > 0; generation = generation.flatMap(children)) family.push(...generation)
  return family
}

function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(execFileSync('cat', [`/proc/${pid}/status`], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }))
  } catch {
    return false
  }
}
