import { type ChildProcess, spawn } from 'node:child_process'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import type { Summary } from '#app/cli/up/summary.ts'
import { simulatorSettings } from '#app/simulator/config.ts'
import { startSimulator } from '#app/simulator/simulator.ts'
import { parseConfig } from '#lib/app/config.ts'
import { systemClock } from '#lib/clock/clock.ts'
import { listRuns, removeRunNote } from '#lib/running/runs.ts'
import { checkoutRoot } from '#lib/stack/resolve.ts'
import { createKafkajsLog } from '#lib/stream/kafkajs/kafkajs-log.ts'
import { createLogger } from '#lib/telemetry/logger.ts'
import { playAwkwardMarket } from './awkward-market.ts'

// `npm start -- --live` with the simulator as the real market: in real time, with a key and a quota.

const key = 'the-key-of-the-market'

let simulator: Awaited<ReturnType<typeof startSimulator>>
const children: ChildProcess[] = []
/** Each has a live run of its own. */
const marketplaces: string[] = []
beforeAll(async () => {
  const settings = {
    SIMULATOR_API_KEY: key,
    SIMULATOR_SPEED: '1',
    SIMULATOR_HISTORY_DAYS: '2',
    SIMULATOR_SALES_PER_HOUR: '400',
    SIMULATOR_RATE_LIMIT_PER_SECOND: '30',
  }
  simulator = await startSimulator(parseConfig(simulatorSettings, settings), systemClock)
  marketplaces.push(simulator.url)
})
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL')
  await simulator.close()
  const own = listRuns(checkoutRoot).filter(({ marketplace }) => marketplace !== undefined && marketplaces.includes(marketplace))
  const log = createKafkajsLog({ brokers: inject('brokers'), clientId: 'live-test', logger: createLogger('test', 'silent') })
  const admin = log.admin()
  const topics = await admin.listTopics()
  await admin.deleteTopics(topics.filter((topic) => own.some(({ name }) => topic.startsWith(`${name}.`))))
  await log.close()
  for (const { name } of own) removeRunNote(checkoutRoot, name)
})

const marketplaceUrl = () => simulator.url
const servers = () => ({
  KAFKA_BROKERS: inject('brokers').join(),
  SCHEMA_REGISTRY_URL: inject('registryUrl'),
  S3_ENDPOINT: inject('s3').endpoint,
  S3_REGION: inject('s3').region,
  S3_ACCESS_KEY: inject('s3').accessKey,
  S3_SECRET_KEY: inject('s3').secretKey,
})

type Ended = Readonly<{ code: number | null; stdout: string; stderr: string }>

function startLive(argv: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const child = spawn('npm', ['start', '--silent', '--', '--live', ...argv], {
    cwd: checkoutRoot,
    env: {
      ...process.env,
      ...servers(),
      MARKETPLACE_URL: marketplaceUrl(),
      AXIE_API_KEY: key,
      HISTORY_DAYS: '2',
      REQUESTS_PER_SECOND: '25',
      DASHBOARD_PORT: '0',
      ...env,
    },
    detached: true,
  })
  children.push(child)
  const output = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk) => {
    output.stdout += chunk
  })
  child.stderr.on('data', (chunk) => {
    output.stderr += chunk
  })
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, ...output })))
}

test('a key that is missing is wrong usage, before anything is touched', async () => {
  const { code, stderr } = await startLive([], { AXIE_API_KEY: '' })
  expect([code, stderr]).toEqual([2, expect.stringMatching(/AXIE_API_KEY is not set/)])
})

test('a key that is refused ends the start, and says what to do, without showing the key', async () => {
  const { code, stderr } = await startLive([], { AXIE_API_KEY: 'no-such-key-here' })
  expect(code).toBe(1)
  expect(stderr).toMatch(/refused the API key.*set AXIE_API_KEY to a valid key/)
  expect(stderr).not.toMatch(/no-such-key-here|at async/)
})

test('the first start reads history, trains and goes live within the quota; the second goes on where it stopped', async () => {
  const first = await startLive(['--dry-run', '--for', '15s', '--json'])
  expect(first.stderr).toMatch(/history: [\d,]+ sales[\s\S]*model stack-\w+/)
  expect(first.code, first.stderr.slice(-3_000)).toBe(0)
  const summary = JSON.parse(first.stdout) as Summary
  expect(summary).toMatchObject({ simulated: false, problems: [] })
  expect(summary.backfilled).toBeGreaterThan(15_000)
  expect(summary.listings).toBeGreaterThan(0)
  expect(summary.scored).toBe(summary.listings)

  const second = await startLive(['--dry-run', '--for', '5s', '--json'])
  expect(second.stderr).toMatch(new RegExp(`goes on with model ${summary.modelId}`))
  expect(second.stderr).not.toMatch(/reading the sales|training/)
  expect(second.code, second.stderr.slice(-3_000)).toBe(0)
  const later = JSON.parse(second.stdout) as Summary
  expect([later.run, later.backfilled]).toEqual([summary.run, summary.backfilled])
  expect(later.listings).toBeGreaterThanOrEqual(summary.listings)
})

test('a marketplace with everything wrong at once: each listing is known or refused with a reason, within the quota', async () => {
  const servers = { brokers: inject('brokers'), registryUrl: inject('registryUrl'), s3: inject('s3') }
  const played = await playAwkwardMarket({ servers, seconds: 100 })
  marketplaces.push(played.marketplace)
  expect(played.code, played.stderr.slice(-3_000)).toBe(0)
  const account = await played.account()
  const { summary, stderr: _, ...counts } = account
  console.error(`awkward market: ${JSON.stringify(counts)}`)

  expect(summary.problems).toEqual([])
  expect(played.stderr).toMatch(/days asked for: the list goes on out of reach/)
  expect(account.shown).toBeGreaterThan(40)
  expect({ lost: account.lost, twice: account.twice }).toEqual({ lost: [], twice: [] })
  expect(account.known + account.refused).toBe(account.shown)
  expect({ alerts: account.alertsForNothing, asks: account.wrongAsks }).toEqual({ alerts: [], asks: [] })
  // Or all of the above says nothing.
  expect(account.similarAsks).toBeGreaterThan(0)
  expect(account.neverServed).toEqual([])
  expect(account.refusedForQuota).toBe(0)
  expect(account.requestsPerMinute).toBeLessThanOrEqual(900)
})
