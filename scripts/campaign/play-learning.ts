/**
 * `npm start -- --live` against a simulated marketplace whose days pass in minutes: its prices rise at once and axies come with a part that
 * nobody has seen. What is to happen without a hand: a training, a challenger in shadow, its promotion; and, once a spoiled model was put in
 * force as if by people, a rollback. Prints what was decided and when, as JSON, with pictures of the page beside it.
 *   npm run play:learning [-- --minutes 45 --pictures FOLDER]
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { simulatorSettings } from '#app/simulator/config.ts'
import { marketTimeHeader } from '#app/simulator/server.ts'
import { startSimulator } from '#app/simulator/simulator.ts'
import { parseConfig } from '#lib/app/config.ts'
import { systemClock as clock } from '#lib/clock/clock.ts'
import { promoteModel } from '#lib/decisions/promote-model.ts'
import { featureSets } from '#lib/features/feature-sets.ts'
import { payloadOf } from '#lib/market/event.ts'
import { topicName } from '#lib/market/topics.ts'
import { startTensorRuntime } from '#lib/model/network/tfjs-runtime.ts'
import { shiftedModel } from '#lib/model/testing/shifted-model.ts'
import { openBackend } from '#lib/running/backend.ts'
import { environmentOf } from '#lib/stack/addresses.ts'
import { checkoutRoot, resolveStack } from '#lib/stack/resolve.ts'
import { publishModel } from '#lib/training/publish.ts'
import type { MarketEvent, TrainingRun } from '#schemas/types.ts'
import { openBrowser } from '../../tests/browser.ts'
import { scriptOptions } from '../script-options.ts'

const help = `npm run play:learning [-- options]: market days at compressed pace, from a level shift to a rollback

  --minutes 45        at most; it ends when all has happened
  --speed 240         times real time: a day of the market in six minutes
  --pictures FOLDER   pictures of the page's view of models, one for each thing that happened`

const { values } = scriptOptions(help, {
  minutes: { type: 'string', default: '45' },
  speed: { type: 'string', default: '240' },
  pictures: { type: 'string' },
})

const say = (line: string): void => void process.stderr.write(`${line}\n`)
const apiKey = 'the-key-of-the-market'
const market = {
  SIMULATOR_API_KEY: apiKey,
  SIMULATOR_SPEED: values.speed,
  SIMULATOR_HISTORY_DAYS: '3',
  SIMULATOR_SALES_PER_HOUR: '200',
  SIMULATOR_TURN_AFTER_HOURS: '6',
  SIMULATOR_TURN_PRICES: '1.6',
  SIMULATOR_TURN_PART: 'tail-maki',
  LOG_LEVEL: 'silent',
}
/** A day passes in minutes, and what looks at it must look as much oftener. */
const hurried = {
  AXIE_API_KEY: apiKey,
  MARKET_TIME_HEADER: marketTimeHeader,
  HISTORY_DAYS: '3',
  DASHBOARD_PORT: '0',
  ...{ REQUESTS_PER_SECOND: '100', POLL_MILLISECONDS: '500', SALES_POLL_MILLISECONDS: '500' },
  ...{ SWEEP_MILLISECONDS: '5000', ASK_CHECK_MILLISECONDS: '2000' },
  ...{ ARCHIVE_ROTATION_SECONDS: '5', ARCHIVE_IDLE_SECONDS: '5' },
  ...{ TRAINER_SETTINGS: 'fast', TRAINER_LOOK_SECONDS: '2' },
}

const stack = await resolveStack({ env: process.env, onProgress: say, allowEmbedded: false })
if (stack.kind === 'embedded') throw new Error('this needs a real broker')
const simulator = await startSimulator(parseConfig(simulatorSettings, market), clock)
const begun = clock.monotonic()
const minutes = (): string => `${((clock.monotonic() - begun) / 60_000).toFixed(1)} min`

const child = spawn('npm', ['start', '--silent', '--', '--live', '--dry-run', '--for', `${values.minutes}m`, '--json'], {
  cwd: checkoutRoot,
  env: { ...process.env, ...environmentOf(stack), ...hurried, MARKETPLACE_URL: simulator.url },
})
const printed = readAll(child)
const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
let isOver = false
void ended.then(() => {
  isOver = true
})

/** What it says as it starts: which run this is, and where its page. */
const run = await said(/^run (\S+) /m)
const page = await said(/dashboard (http\S+)/)
const prefix = `${run}.`
const backend = openBackend(stack, { root: checkoutRoot, clientId: `${prefix}play-learning` })
const browser = values.pictures === undefined ? null : await openBrowser()
if (values.pictures !== undefined) mkdirSync(values.pictures, { recursive: true })

type Happened = Readonly<{ after: string; marketTime: string; what: string }>
const happened: Happened[] = []
const times = new Map<string, number>()

const following = await backend.log.follow([topicName(prefix, 'market.events'), topicName(prefix, 'trainings')], async (records) => {
  for (const { topic, value } of records) {
    if (value === null) continue
    if (topic === topicName(prefix, 'trainings')) noteTraining(await backend.codec.decode('TrainingRun', value))
    else noteEvent(await backend.codec.decode('MarketEvent', value))
  }
})

let newest = 0
function note(kind: string, what: string): void {
  times.set(kind, (times.get(kind) ?? 0) + 1)
  happened.push({ after: minutes(), marketTime: new Date(newest).toISOString(), what })
  say(`PLAY ${minutes()}: ${what}`)
  pictures.push(`${happened.length}-${kind}`)
}

function noteEvent(event: MarketEvent): void {
  newest = Math.max(newest, event.observedAt)
  const { kind, value } = payloadOf(event)
  if (kind === 'ModelPromoted' || kind === 'ModelRolledBack' || kind === 'ModelBarred' || kind === 'ChallengerNamed')
    note(kind, `${kind} ${value.modelId}: ${value.reason}`)
}

const ends = new Set<string>()
function noteTraining({ trainingId, status, trigger, reason, conclusion, steps }: TrainingRun): void {
  if (status === 'running' || ends.has(trainingId)) return
  ends.add(trainingId)
  const names = steps.map((step) => `${step.name} ${step.status}`).join(', ')
  note(`Training-${status}`, `training ${trainingId} ${status} (${trigger}: ${reason}): ${conclusion}; ${names}`)
}

/** Taken one after the other, while all goes on. */
const pictures: string[] = []
async function takePictures(): Promise<void> {
  if (browser === null || values.pictures === undefined) return
  const context = await browser.context({ width: 1280, height: 1400 })
  const tab = await context.newPage()
  while (!isOver) {
    const name = pictures.shift()
    if (name === undefined) await clock.sleep(500)
    else {
      await clock.sleep(3_000)
      await tab.goto(`${page}#models`)
      await tab.waitForTimeout(2_500)
      await tab.screenshot({ path: join(values.pictures, `${name}.png`), fullPage: true })
    }
  }
}
const taking = takePictures().catch((error: Error) => say(`no more pictures: ${error.message}`))

const seen = (kind: string, count: number) => async (): Promise<boolean> => (times.get(kind) ?? 0) >= count
async function until(holds: () => Promise<boolean>): Promise<boolean> {
  while (!(await holds())) {
    if (isOver) return false
    await clock.sleep(500)
  }
  return true
}

// The first is that of the start.
const isPromoted = await until(seen('ModelPromoted', 2))
if (isPromoted) {
  await startTensorRuntime('wasm')
  const spoiled = await shiftedModel(0.4, clock.now(), 'live')
  await publishModel({ ...backend, prefix }, spoiled)
  const context = { ...backend, prefix, featureSets: featureSets.map(({ hash }) => hash) }
  await promoteModel(context, spoiled.modelId, 'planted: it prices 40% too high')
}
/** By the model before, or by a challenger that is shown good enough first. */
const isGone = async (): Promise<boolean> => (await seen('ModelRolledBack', 1)()) || (await seen('ModelPromoted', 4)())
const isRolledBack = isPromoted && (await until(isGone))
if (isRolledBack) await clock.sleep(15_000)
child.kill('SIGINT')
const code = await ended
await taking
await browser?.close()
await following.stop()
await backend.close()
await simulator.close()
const notices = printed
  .stderr()
  .split('\n')
  .filter((line) => /prices from now on|Back to model|A training failed|would price/.test(line))
process.stdout.write(
  `${JSON.stringify({ code, isPromoted, isRolledBack, happened, notices, summary: JSON.parse(printed.stdout() || 'null') }, null, 2)}\n`,
)
process.exit(isRolledBack && code === 0 ? 0 : 1)

function readAll({ stdout, stderr }: ChildProcess) {
  const text = { stdout: '', stderr: '' }
  stdout?.on('data', (chunk: Buffer) => {
    text.stdout += chunk
  })
  stderr?.on('data', (chunk: Buffer) => {
    text.stderr += chunk
    say(chunk.toString().trimEnd())
  })
  return { stdout: () => text.stdout, stderr: () => text.stderr }
}

async function said(pattern: RegExp): Promise<string> {
  for (;;) {
    const found = pattern.exec(printed.stderr())?.[1]
    if (found !== undefined) return found
    if (isOver) throw new Error(`it ended before it said ${pattern}`)
    await clock.sleep(100)
  }
}
