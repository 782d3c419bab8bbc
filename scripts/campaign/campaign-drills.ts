/**
 * The main job for an hour and more with a drill every minute (docs/how-to/staying-up.md): apps and servers are killed, frozen, put to sleep
 * together. At the end it must be alive, and another client must count every listing once in every stage.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { durationOption } from '#lib/cli/values.ts'
import { systemClock } from '#lib/clock/clock.ts'
import { createRandom } from '#lib/numbers/random.ts'
import { environmentOf } from '#lib/stack/addresses.ts'
import { createLocalStack } from '#lib/stack/local-stack.ts'
import { checkoutRoot, stackDirectory } from '#lib/stack/resolve.ts'
import { descendants } from '../../tests/npm-start.ts'
import { type PrivateServer, startPrivateServer } from '../../tests/private-servers.ts'
import { scriptOptions } from '../script-options.ts'
import { consoleTool, eachOnce, onlyRunOf } from './console-count.ts'

const help = `npm run campaign:drills [-- options]: the main job on servers of its own, with a drill every minute

  --for 90m      how long
  --every 60s    from the beginning of one drill to that of the next; a drill that lasts longer delays it
  --speed 60     times real time of the generated market
  --seed 1       of the order of drills`

const { values } = scriptOptions(help, {
  for: { type: 'string', default: '90m' },
  every: { type: 'string', default: '60s' },
  speed: { type: 'string', default: '60' },
  seed: { type: 'string', default: '1' },
})
const [forMillis, everyMillis] = [durationOption('--for', values.for), durationOption('--every', values.every)]
const recoverMillis = 180_000
const warmUpMillis = 120_000

const sleep = (seconds: number): Promise<void> => systemClock.sleep(seconds * 1_000)
const say = (line: string): void => void process.stdout.write(`${new Date(systemClock.now()).toISOString().slice(11, 19)}  ${line}\n`)

const stack = createLocalStack({ directory: stackDirectory(), env: process.env, onProgress: (line) => console.error(`servers: ${line}`) })
const { java, artifacts } = await stack.prepare()
const [kafka, registry, store] = [
  await startPrivateServer('kafka'),
  await startPrivateServer('registry'),
  await startPrivateServer('store'),
]
const servers = { kafka, registry, store }
const { s3 } = (await stack.reuse()) ?? (await stack.start())
const brokers = [kafka.address]
const tool = await consoleTool({ java, artifacts, brokers })

const environment = environmentOf({ brokers, registryUrl: registry.address, s3: { ...s3, endpoint: store.address } })
const job = spawn(process.execPath, [join(checkoutRoot, 'bin', 'flipstream.mjs'), 'up', '--speed', values.speed, '--json'], {
  stdio: ['ignore', 'pipe', 'pipe'],
  env: { ...process.env, ...environment },
})
const printed = readAll(job)
const ended = new Promise<number | null>((resolve) => job.once('close', resolve))

type AppProcess = Readonly<{ app: string; pid: number; rssMegabytes: number; descriptors: number }>

/** The apps below the main job, and what each takes. */
function apps(): AppProcess[] {
  return descendants(job.pid!).flatMap((pid) => {
    const args = spawnSync('ps', ['-o', 'args=', '-p', String(pid)], { encoding: 'utf8' }).stdout.trim()
    const app = /main\.ts (\S+)$/.exec(args)?.[1]
    if (app === undefined) return []
    try {
      const kilobytes = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0)
      return [{ app, pid, rssMegabytes: Math.round(kilobytes / 1_024), descriptors: readdirSync(`/proc/${pid}/fd`).length }]
    } catch {
      return [] // It ended meanwhile.
    }
  })
}

const scored = (): number => Number([...printed.stderr().matchAll(/scored (\d+)/g)].at(-1)?.[1] ?? 0)

type Drill = Readonly<{ name: string; run(): Promise<void> }>
const random = createRandom(Number(values.seed))
const oneOf = <Value>(choices: readonly Value[]): Value => choices[Math.floor(random.uniform() * choices.length)]!

const frozen = (name: keyof typeof servers, seconds: number): Drill => ({
  name: `${name} frozen for ${seconds} s`,
  async run() {
    servers[name].freeze()
    await sleep(seconds)
    servers[name].thaw()
  },
})
const killed = (name: keyof typeof servers, seconds: number): Drill => ({
  name: `${name} killed, back after ${seconds} s`,
  async run() {
    await servers[name].kill()
    await sleep(seconds)
    await servers[name].start()
  },
})
/** A simulated market that ends ends the run: it is not ours to survive. */
const anApp = (): AppProcess => oneOf(apps().filter(({ app }) => app !== 'simulator'))
const appKilled = (): Drill => {
  const { app, pid } = anApp()
  return { name: `${app} killed`, run: async () => signal([pid], 'SIGKILL') }
}
const appFrozen = (): Drill => {
  const { app, pid } = anApp()
  const run = async () => {
    signal([pid], 'SIGSTOP')
    await sleep(30)
    signal([pid], 'SIGCONT')
  }
  return { name: `${app} frozen for 30 s`, run }
}
/** A machine that sleeps: everything stands still, servers as well. */
const asleep: Drill = {
  name: 'everything asleep for 120 s',
  async run() {
    const pids = [job.pid!, ...descendants(job.pid!)]
    signal(pids, 'SIGSTOP')
    for (const server of Object.values(servers)) server.freeze()
    await sleep(120)
    for (const server of Object.values(servers)) server.thaw()
    signal(pids, 'SIGCONT')
  },
}
const drills: readonly (() => Drill)[] = [
  appKilled,
  appKilled,
  appKilled,
  appFrozen,
  appFrozen,
  () => frozen('kafka', oneOf([10, 33, 120])),
  () => killed('kafka', oneOf([2, 10, 30])),
  () => frozen('registry', oneOf([30, 300])),
  () => killed('registry', oneOf([2, 60])),
  () => frozen('store', oneOf([30, 300])),
  () => killed('store', oneOf([2, 60])),
  () => asleep,
]

function signal(pids: readonly number[], name: NodeJS.Signals): void {
  for (const pid of pids)
    try {
      process.kill(pid, name)
    } catch {
      // It ended meanwhile.
    }
}

/** Seconds until listings are scored again; null where they were not. */
async function recovery(): Promise<number | null> {
  const [before, started] = [scored(), systemClock.monotonic()]
  while (scored() <= before + 10) {
    if (job.exitCode !== null || systemClock.monotonic() - started > recoverMillis) return null
    await sleep(0.2)
  }
  return Math.round((systemClock.monotonic() - started) / 100) / 10
}

const taken = new Map<string, AppProcess[]>()
function noteWhatAppsTake(): void {
  for (const process of apps()) taken.set(process.app, [...(taken.get(process.app) ?? []), process])
}

async function play(): Promise<number> {
  while (scored() === 0 && job.exitCode === null) await sleep(1)
  say('the first listing is scored')
  await systemClock.sleep(Math.min(warmUpMillis, forMillis / 10))
  const [started, end] = [systemClock.monotonic(), systemClock.monotonic() + forMillis]
  let failed = 0
  for (
    let next = started;
    systemClock.monotonic() < end && job.exitCode === null;
    next = Math.max(next + everyMillis, systemClock.monotonic())
  ) {
    await systemClock.sleep(Math.max(0, next - systemClock.monotonic()))
    noteWhatAppsTake()
    const drill = oneOf(drills)()
    await drill.run()
    const seconds = await recovery()
    if (seconds === null) failed++
    say(
      `${drill.name.padEnd(40)} ${seconds === null ? 'NOT scoring again' : `scoring again after ${seconds.toFixed(1)} s`}, ${scored()} scored`,
    )
  }
  await sleep(30)
  noteWhatAppsTake()
  return failed
}

function report(): void {
  console.log('\napp           RSS MB first, last, max      descriptors first, last, max')
  for (const [app, rows] of taken) {
    const three = (read: (row: AppProcess) => number) =>
      [read(rows[0]!), read(rows.at(-1)!), Math.max(...rows.map(read))].map((value) => String(value).padStart(6)).join('')
    console.log(`${app.padEnd(12)}${three(({ rssMegabytes }) => rssMegabytes)}            ${three(({ descriptors }) => descriptors)}`)
  }
}

try {
  const failed = await play()
  const alive = job.exitCode === null
  say(alive ? 'alive at the end' : `VIOLATED: the main job ended with exit code ${job.exitCode}`)
  job.kill('SIGTERM')
  const code = await ended
  const summary = JSON.parse(printed.stdout() || '{}') as { problems?: string[]; listings?: number; scored?: number; restarts?: unknown }
  report()
  const { problems, listings, restarts } = summary
  console.log(JSON.stringify({ code, problems, listings, scored: summary.scored, restarts, notScoringAgain: failed }))
  const once = await eachOnce(tool, await onlyRunOf(brokers))
  process.exitCode = alive && code === 0 && once && failed === 0 && problems?.length === 0 ? 0 : 1
} finally {
  job.kill('SIGKILL')
  await Promise.all(Object.values(servers).map((server: PrivateServer) => server.dispose()))
}

function readAll(child: ChildProcess): { stdout(): string; stderr(): string } {
  const output = { stdout: '', stderr: '' }
  child.stdout!.on('data', (chunk) => {
    output.stdout += chunk
  })
  child.stderr!.on('data', (chunk) => {
    output.stderr += chunk
    process.stderr.write(chunk)
  })
  return { stdout: () => output.stdout, stderr: () => output.stderr }
}
