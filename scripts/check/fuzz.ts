import { spawnSync } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { randomId } from '#lib/clock/clock.ts'
import { scriptOptions } from '../script-options.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const help = `npm run fuzz [-- options]: the property tests with seeds that nobody has tried, until the time is up

  --minutes 10   how long
  --seed N       this seed alone

Prints the seed of each round that fails; its counterexample belongs into the property's examples. Exit code 1 if any failed.`

const { values } = scriptOptions(help, { minutes: { type: 'string', default: '10' }, seed: { type: 'string' } })
const minutes = Number(values.minutes)
const onlySeed = values.seed === undefined ? null : Number(values.seed)
if (!(minutes > 0) || (onlySeed !== null && !Number.isSafeInteger(onlySeed))) {
  console.error(`expected --minutes above 0 and --seed a whole number, found ${JSON.stringify(values)}`)
  process.exit(2)
}

const files = globSync('{apps,libs,tests}/**/*.test.ts', { cwd: root }).filter(
  (file) => !/\.(integration|system|data)\.test\.ts$/.test(file) && readFileSync(join(root, file), 'utf8').includes("from 'fast-check'"),
)

const started = performance.now()
const failed: number[] = []
let rounds = 0
do {
  const seed = onlySeed ?? Number.parseInt(randomId().slice(0, 8), 16) >> 1
  const { status, stdout } = spawnSync(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', '--project', 'unit', ...files], {
    cwd: root,
    env: { ...process.env, PROPERTY_SEED: String(seed) },
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  })
  rounds++
  if (status !== 0) {
    failed.push(seed)
    console.log(stdout)
  }
  const elapsed = (performance.now() - started) / 60_000
  console.log(`${status === 0 ? 'ok  ' : 'FAIL'}  seed ${seed}  ${elapsed.toFixed(1)} of ${minutes} min`)
} while (onlySeed === null && performance.now() - started < minutes * 60_000)

console.log(
  `${files.length} files, ${rounds} rounds, ${failed.length} failed${failed.length > 0 ? `: --seed ${failed.join(', --seed ')}` : ''}`,
)
process.exitCode = failed.length > 0 ? 1 : 0
