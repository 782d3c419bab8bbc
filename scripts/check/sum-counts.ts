/** Sums up what tests/counts-reporter.ts wrote, one line of JSON per run of vitest. Fails where anything failed, or nothing was executed. */
import { readFileSync } from 'node:fs'
import { type Counts, countsText } from '../../tests/counts-reporter.ts'

const file = process.argv[2]
if (file === undefined) {
  console.error('usage: scripts/check/sum-counts.ts FILE')
  process.exit(2)
}
const lines = readFileSync(file, 'utf8').trim().split('\n')
const runs = lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Counts)
const sum = (key: 'passed' | 'failed' | 'skipped') => runs.reduce((total, run) => total + run[key], 0)
const counts: Counts = {
  passed: sum('passed'),
  failed: sum('failed'),
  skipped: sum('skipped'),
  failures: runs.flatMap(({ failures }) => failures),
}

if (counts.passed === 0) console.log('no test was executed')
console.log(countsText(counts))
process.exitCode = counts.failed > 0 || counts.passed === 0 ? 1 : 0
