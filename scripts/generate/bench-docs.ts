/** docs/numbers.md from the results in bench/results, one heading a folder: `--check` says whether it is current. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { type Measurement, measurementHeading, measurementTable } from '../bench/measurement.ts'
import { type BenchResult, resultHeading, resultTable } from '../bench/result.ts'

const results = new URL('../../bench/results/', import.meta.url)
const target = new URL('../../docs/numbers.md', import.meta.url)

const headings = {
  forecasts: 'How good forecasts are',
  money: 'What alerts would have earned',
  learning: 'Learning',
  speed: 'How fast it is',
  reliability: 'What failures do',
}

function sectionOf(room: string, file: string): string[] {
  const result: BenchResult | Measurement = JSON.parse(readFileSync(new URL(`${room}/${file}`, results), 'utf8'))
  return 'figures' in result
    ? ['', `### ${result.name}, beside the code of before`, '', resultHeading(result), '', resultTable(result)]
    : ['', `### ${result.title}`, '', measurementHeading(result), '', measurementTable(result)]
}

const text = [
  '# Numbers',
  '',
  'Made by `npm run generate` from `bench/results`; `npm run check` fails where they differ. Every table says its machine, load, commit and date,',
  'and the command that repeats it. The machines were shared: read times as orders of magnitude, and run them yourself. `npm run bench -- NAME`',
  'plays the code of today and the code of before in turn, and writes its result; `npm run bench:pipeline`, `npm run bench:archiver`,',
  '`npm run bench:api` and `npm run bench:replay` write theirs with `-- --record`. On Kubernetes: [k8s](../k8s/README.md).',
  ...Object.entries(headings).flatMap(([room, heading]) => [
    '',
    `## ${heading}`,
    ...readdirSync(new URL(`${room}/`, results))
      .sort()
      .flatMap((file) => sectionOf(room, file)),
  ]),
  '',
].join('\n')

if (!process.argv.includes('--check')) writeFileSync(target, text)
else if (readFileSync(target, 'utf8') !== text) {
  console.error('docs/numbers.md is not what bench/results says: run `npm run generate`')
  process.exit(1)
}
