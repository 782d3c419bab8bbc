import { spawnSync } from 'node:child_process'
import { afterEach, expect, test } from 'vitest'
import type { Summary } from '#app/cli/up/summary.ts'
import { systemClock } from '#lib/clock/clock.ts'
import { descendants, npmStart, type Started, serverEnvironment, stopStarted, until, untilScored } from './npm-start.ts'
import { type PrivateServer, startPrivateServer } from './private-servers.ts'

/** What may end without ending the whole: apps that are killed or hang, a broker that sleeps. Counts are true at the end. */

let broker: PrivateServer | undefined
afterEach(async () => {
  stopStarted()
  await broker?.dispose()
  broker = undefined
})

const speed = ['--speed', '300', '--json']

/** The process of an app, below the main job. */
function processOf({ child }: Started, app: string): number | null {
  for (const pid of descendants(child.pid as number)) {
    // One that has ended meanwhile is none that we look for.
    const args = spawnSync('ps', ['-o', 'args=', '-p', String(pid)], { encoding: 'utf8' }).stdout.trim()
    if (args.endsWith(`main.ts ${app}`)) return pid
  }
  return null
}

const scoredBy = ({ stderr }: Started): number => Number([...stderr().matchAll(/scored (\d+)/g)].at(-1)?.[1] ?? 0)

async function goesOn(started: Started, millis: number): Promise<void> {
  const before = scoredBy(started)
  await until(() => scoredBy(started) > before + 10, millis)
}

async function summaryOf({ child, ended }: Started): Promise<Summary> {
  child.kill('SIGTERM')
  const { code, stdout, stderr } = await ended
  expect(code, stderr).toBe(0)
  return JSON.parse(stdout) as Summary
}

test('apps that are killed, and one that hangs, are started again; nothing is lost, nothing twice', async () => {
  const started = npmStart(speed)
  await untilScored(started)
  const killed = ['scorer', 'ledger', 'collector', 'notifier']
  for (const app of killed) process.kill(processOf(started, app) as number, 'SIGKILL')
  const hanging = processOf(started, 'alerter') as number
  process.kill(hanging, 'SIGSTOP')
  for (const app of killed) await until(() => new RegExp(`${app}: restarting in .*was killed \\(SIGKILL\\)`).test(started.stderr()), 30_000)
  await until(() => /alerter: .*did not answer \d+ times in a row/.test(started.stderr()), 120_000)
  for (const app of [...killed, 'alerter']) await until(() => new RegExp(`${app}: ready`).test(started.stderr()), 120_000)
  await goesOn(started, 120_000)
  const { problems, restarts, listings, scored } = await summaryOf(started)
  expect(problems).toEqual([])
  expect(scored).toBe(listings)
  expect(restarts).toEqual({ scorer: 1, ledger: 1, collector: 1, notifier: 1, alerter: 1 })
})

test('a broker that sleeps for longer than a transaction may last ends nobody', async () => {
  broker = await startPrivateServer('kafka')
  const started = npmStart(speed, { ...serverEnvironment(), KAFKA_BROKERS: broker.address })
  await untilScored(started)
  broker.freeze()
  await systemClock.sleep(35_000)
  broker.thaw()
  await goesOn(started, 120_000)
  const { problems, listings, scored } = await summaryOf(started)
  expect(problems).toEqual([])
  expect(scored).toBe(listings)
})
