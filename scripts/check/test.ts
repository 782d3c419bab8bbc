/** `npm test`: every check and every test that needs no second machine. Goes on after a failure; exit code 1 if any step failed. */
import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const vitest = (project: string) => ['node_modules/vitest/vitest.mjs', 'run', '--project', project]

function run(name: string, args: readonly string[]): boolean {
  const started = performance.now()
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' })
  console.log(`${status === 0 ? 'ok  ' : 'FAIL'}  ${name.padEnd(22)} ${((performance.now() - started) / 1_000).toFixed(1).padStart(5)} s`)
  return status === 0
}

/** Without the folder of real sales there is nothing to run these against. A build machine must have it. */
function runDataTests(): boolean {
  if (process.env['FLIPSTREAM_DATA']) return run('data tests', vitest('data'))
  const files = globSync('{apps,libs,tests}/**/*.data.test.ts', { cwd: root })
  console.log(`\nNOT RUN: ${files.length} files of tests on real sales; FLIPSTREAM_DATA must name the folder that holds them:`)
  for (const file of files) console.log(`  ${file}`)
  return process.env['CI'] === undefined
}

const outcomes = [run('checks and unit tests', ['scripts/check/check.ts']), runDataTests(), run('integration tests', vitest('integration'))]
process.exitCode = outcomes.every(Boolean) ? 0 : 1
