/** `npm run bench`: the code of today beside the code of before, in turn on the same machine and servers. */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { loadavg } from 'node:os'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { systemClock } from '#lib/clock/clock.ts'
import { environmentOf } from '#lib/stack/addresses.ts'
import { checkoutRoot, resolveStack } from '#lib/stack/resolve.ts'
import { versions } from '#lib/stack/versions.ts'
import { startKafkaCluster } from '../../tests/cluster/kafka-cluster.ts'
import { startPrivateServer } from '../../tests/private-servers.ts'
import { endWithUsage, scriptOptions } from '../script-options.ts'
import { type BenchCase, benchCases } from './cases.ts'
import { codeBefore, commitOf } from './code-before.ts'
import { machineName } from './machine.ts'
import { type BenchResult, resultHeading, resultTable } from './result.ts'

const firstVersion = '4893647'
const quietLoad = 0.5
const quietWaitMillis = 120_000

const help = `npm run bench -- NAME [options]: the code of today beside the code of before, in turn on the same machine

${Object.entries(benchCases)
  .map(([name, { summary }]) => `  ${name.padEnd(14)}${summary}`)
  .join('\n')}

  --rounds 5        how often each is run; a round is one run of each
  --before ${firstVersion}  the earlier commit, built in a worktree
  --anyway          do not wait for a quiet machine (load below ${quietLoad}); the load is in the result
  --out DIR         where the result is written (default bench/results/speed)`

const { values, positionals } = scriptOptions(help, {
  rounds: { type: 'string', default: '5' },
  before: { type: 'string', default: firstVersion },
  anyway: { type: 'boolean', default: false },
  out: { type: 'string', default: join(checkoutRoot, 'bench', 'results', 'speed') },
})
const name = positionals[0] ?? endWithUsage(help)
const benchCase = benchCases[name] ?? endWithUsage(`no case ${name}\n\n${help}`)
const rounds = Number(values.rounds)
if (!Number.isInteger(rounds) || rounds < 1) endWithUsage(`--rounds: expected a whole number above 0, found ${values.rounds}`)

const say = (line: string): void => void process.stderr.write(`${line}\n`)

/** What else ran a moment ago is over after a while; what does not end is in the figures. */
async function waitForQuiet(): Promise<void> {
  const deadline = systemClock.monotonic() + quietWaitMillis
  while (!values.anyway && loadavg()[0]! > quietLoad) {
    if (systemClock.monotonic() > deadline) {
      say(`load ${loadavg()[0]!.toFixed(1)}: this machine is not quiet. Run it later, or with --anyway`)
      process.exit(1)
    }
    await systemClock.sleep(2_000)
  }
}

/** The same work each time, on one core: how fast this machine is at this moment. */
function calibrate(): number {
  const block = Buffer.alloc(1 << 20, 7)
  const started = performance.now()
  for (let round = 0; round < 100; round++) createHash('sha256').update(block).digest()
  return performance.now() - started
}

/** `script` is the path of the file; it works on the code in `directory`. */
async function run(directory: string, script: string, { args }: BenchCase, environment: NodeJS.ProcessEnv): Promise<number[]> {
  const child = spawn(process.execPath, [script, ...args], {
    cwd: directory,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  const report = await json(child.stdout).catch((error: Error) => error)
  const code = await ended
  if (code !== 0 || report instanceof Error) throw new Error(`${script} in ${directory} ended with exit code ${code}`)
  return benchCase!.figures.map(({ path }) =>
    Number(path.split('.').reduce<unknown>((value, key) => (value as Record<string, unknown>)?.[key], report)),
  )
}

type Servers = Readonly<{ before: NodeJS.ProcessEnv; now: NodeJS.ProcessEnv; dispose(): Promise<void> }>

/** Brokers and store are shared. Each code has a registry of its own: what one registers the other may not be allowed to. */
async function serversFor({ brokers }: BenchCase): Promise<Servers> {
  if (brokers === 0) return { before: {}, now: {}, dispose: async () => {} }
  const stack = await resolveStack({ env: process.env, onProgress: say, allowEmbedded: false })
  if (stack.kind === 'embedded') throw new Error('this benchmark needs a real broker')
  const cluster = brokers === 3 ? await startKafkaCluster() : null
  const registries = [await startPrivateServer('registry'), await startPrivateServer('registry')] as const
  const [before, now] = registries.map(({ address }) =>
    environmentOf({ ...stack, brokers: cluster?.addresses ?? stack.brokers, registryUrl: address }),
  )
  return {
    before: before!,
    now: now!,
    async dispose() {
      for (const registry of registries) await registry.dispose()
      await cluster?.dispose()
    },
  }
}

async function compare(directoryBefore: string): Promise<BenchResult> {
  const servers = await serversFor(benchCase!)
  const script = join(checkoutRoot, benchCase!.script)
  const scriptBefore = benchCase!.scriptBefore === undefined ? script : join(directoryBefore, benchCase!.scriptBefore)
  const [load, calibrationMillis, before, now]: [number[], number[], number[][], number[][]] = [[], [], [], []]
  try {
    for (let round = 1; round <= rounds; round++) {
      await waitForQuiet()
      load.push(Number(loadavg()[0]!.toFixed(2)))
      calibrationMillis.push(Math.round(calibrate()))
      say(`${name}: round ${round} of ${rounds}, load ${load.at(-1)}, calibration ${calibrationMillis.at(-1)} ms`)
      const runBefore = async () => before.push(await run(directoryBefore, scriptBefore, benchCase!, servers.before))
      const runNow = async () => now.push(await run(checkoutRoot, script, benchCase!, servers.now))
      // Whoever is second finds a warmer machine: they take turns.
      for (const next of round % 2 === 1 ? [runBefore, runNow] : [runNow, runBefore]) await next()
    }
  } finally {
    await servers.dispose()
  }
  return {
    version: 1,
    name: name!,
    summary: benchCase!.summary,
    at: new Date(systemClock.now()).toISOString(),
    commit: commitOf(checkoutRoot),
    before: values.before!,
    machine: machineName(),
    versions: { Node: process.versions.node, ...(benchCase!.brokers > 0 && { Kafka: versions.kafka }) },
    rounds,
    load,
    calibrationMillis,
    figures: benchCase!.figures.map(({ label, unit, better }, index) => ({
      label,
      unit,
      better,
      before: before.map((figures) => figures[index]!),
      now: now.map((figures) => figures[index]!),
    })),
  }
}

const result = await compare(codeBefore(values.before, say))
mkdirSync(values.out, { recursive: true })
writeFileSync(join(values.out, `${name}.json`), `${JSON.stringify(result, null, 2)}\n`)
process.stdout.write(`${resultHeading(result)}\n\n${resultTable(result)}\n`)
process.exit()
