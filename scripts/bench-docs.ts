/** docs/reference/benchmarks.md from the results that `npm run bench` wrote: `--check` says whether it is current. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { type BenchResult, resultHeading, resultTable } from './bench/result.ts'

const results = new URL('../bench/results/', import.meta.url)
const target = new URL('../docs/reference/benchmarks.md', import.meta.url)

const sectionOf = (file: string): string[] => {
  const result: BenchResult = JSON.parse(readFileSync(new URL(file, results), 'utf8'))
  return ['', `## ${result.name}`, '', resultHeading(result), '', resultTable(result)]
}

const text = [
  '# Benchmarks',
  '',
  'Made by `npm run generate` from `bench/results`; `npm run check` fails where they differ. `npm run bench -- NAME` runs one and writes its',
  'result: the code of today and the code of before in turn, so that both meet the same machine. Of figures that depend on the machine the',
  'ratio says most. What was measured by other means is in [numbers](../numbers.md).',
  ...readdirSync(results).sort().flatMap(sectionOf),
  '',
].join('\n')

if (!process.argv.includes('--check')) writeFileSync(target, text)
else if (readFileSync(target, 'utf8') !== text) {
  console.error('docs/reference/benchmarks.md is not what bench/results says: run `npm run generate`')
  process.exit(1)
}
