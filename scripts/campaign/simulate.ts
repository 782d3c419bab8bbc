import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { repeatLine, runSeeds, type Seeds, type SeedsRun, shrink, type World } from '../../tests/simulation/kernel/seeds.ts'
import { runMutants } from '../../tests/simulation/mutants/mutants.ts'
import { pipelineMutants } from '../../tests/simulation/mutants/pipeline-mutants.ts'
import { runnerMutants } from '../../tests/simulation/mutants/runner-mutants.ts'
import { pipelineWorld } from '../../tests/simulation/pipeline/world.ts'
import { runnerWorld } from '../../tests/simulation/runner/world.ts'
import { endWithUsage, scriptOptions } from '../script-options.ts'

const help = `npm run simulate -- [options]: many histories of simulated processes, each by its seed (docs/concepts/simulation.md)

  --seeds 1..N            these seeds (default 1..1000)
  --seed S [--trace]      one seed, with every step
  --only runner|pipeline  one world (default: both)
  --twice                 each seed twice: the traces must be equal
  --first                 stop at the first violation
  --records N             inputs of a history; --without 1,2: without these troubles (as a shrunk failure says)
  --json                  the result as JSON
  --mutants [--named TEXT]  plant the known faults, one at a time, in a copy of the tree: each must be seen`

const worlds: readonly World[] = [runnerWorld, pipelineWorld]
const mutants = [...runnerMutants, ...pipelineMutants]
const seedsPerMutant = { runner: 60_000, pipeline: 1_200 }
const defaultSeeds = '1..1000'
const progressEvery = 10_000

const { values } = scriptOptions(help, {
  seeds: { type: 'string' },
  seed: { type: 'string' },
  only: { type: 'string' },
  records: { type: 'string' },
  without: { type: 'string' },
  trace: { type: 'boolean', default: false },
  twice: { type: 'boolean', default: false },
  first: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  mutants: { type: 'boolean', default: false },
  named: { type: 'string', default: '' },
})

function seedsOf(): Seeds {
  const text = values.seed === undefined ? (values.seeds ?? defaultSeeds) : `${values.seed}..${values.seed}`
  const [, from, to] = /^(\d+)\.\.(\d+)$/.exec(text) ?? endWithUsage(`expected seeds like 1..1000, got ${text}`)
  return { from: Number(from), to: Number(to) }
}

const chosen = worlds.filter(({ name }) => values.only === undefined || name === values.only)
if (chosen.length === 0) endWithUsage(`there is no world ${values.only}: ${worlds.map(({ name }) => name).join(', ')}`)

const limits = {
  ...(values.records !== undefined && { records: Number(values.records) }),
  ...(values.without !== undefined && { without: values.without.split(',').map(Number) }),
}
const say = (line: string) => process.stdout.write(`${line}\n`)

async function runWorld(world: World): Promise<SeedsRun> {
  const run = await runSeeds(world, seedsOf(), {
    limits,
    twice: values.twice,
    ...(values.first && { stopAfter: 1 }),
    ...(values.trace && { print: say }),
    onResult(result, done) {
      if (!values.json && done % progressEvery === 0) process.stderr.write(`${world.name}: ${done} seeds, at ${result.seed}\n`)
    },
  })
  if (!values.json) await tell(world, run)
  return run
}

async function tell(world: World, { seeds, steps, seconds, failures, unequal }: SeedsRun): Promise<void> {
  const speed = `${steps} steps, ${seconds.toFixed(1)} CPU seconds, ${Math.round(seeds / seconds)} seeds per CPU second`
  say(`${world.name}: ${seeds} seeds${values.twice ? ' twice' : ''}, ${failures.length} violations, ${speed}`)
  for (const seed of unequal) say(`  seed ${seed}: two traces that are not equal`)
  for (const failed of failures.slice(0, 3)) {
    say(`  seed ${failed.seed}: ${failed.problem}`)
    const { limits: fewest, result } = await shrink(world, failed)
    say(`    shrunk to ${result.records} records, troubles: ${result.troubles.join('; ') || 'none'}: ${result.problem}`)
    say(`    ${repeatLine(world, failed.seed, fewest)}`)
  }
}

async function tellMutants(): Promise<boolean> {
  const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
  const own = mutants.filter(({ world, name: fault }) => chosen.some(({ name }) => name === world) && fault.includes(values.named))
  say('| world | file | planted fault | seeds it took | seen as |\n| --- | --- | --- | --- | --- |')
  const results = await runMutants(root, own, seedsPerMutant, ({ mutant: { world, file, name }, killedBy }) =>
    say(`| ${world} | ${file} | ${name} | ${killedBy?.seed ?? '**survived**'} | ${killedBy?.problem.slice(0, 90) ?? ''} |`),
  )
  const survivors = results.filter(({ killedBy }) => killedBy === null)
  say(`\n${results.length} planted, ${results.length - survivors.length} seen, ${survivors.length} survived`)
  return survivors.length === 0
}

if (values.mutants) process.exitCode = (await tellMutants()) ? 0 : 1
else {
  const runs: SeedsRun[] = []
  for (const world of chosen) runs.push(await runWorld(world))
  if (values.json) say(JSON.stringify({ seeds: runs[0]!.seeds, failures: runs.flatMap(({ failures }) => failures) }))
  process.exitCode = runs.every(({ failures, unequal }) => failures.length + unequal.length === 0) ? 0 : 1
}
