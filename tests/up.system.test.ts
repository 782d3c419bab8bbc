import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import type { Summary } from '#app/cli/up/summary.ts'
import { checkoutRoot } from '#lib/stack/resolve.ts'
import { recordedSales } from './market-data.ts'
import { descendants, isAlive, keep, npmStart, serverEnvironment, stopStarted, until, untilScored } from './npm-start.ts'

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

afterEach(stopStarted)

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
    [['--speed', 'fast'], /--speed: expected a number above 0 .*found fast/],
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

  // It finds the last run without being told which.
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
  keep(child)
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
