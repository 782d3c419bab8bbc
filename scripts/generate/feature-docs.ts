/** Writes docs/reference/features.md: every feature of every set, as the code defines it. `--check` fails where the file says something else. */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Feature, FeatureSet } from '#lib/features/feature-set.ts'
import { featureSets } from '#lib/features/feature-sets.ts'
import { itemVector } from '#lib/features/item-vector.ts'
import { measureDefinitions } from '#lib/market/measures/measures.ts'

const target = fileURLToPath(new URL('../../docs/reference/features.md', import.meta.url))

const cell = (text: string): string => text.replaceAll('|', '\\|')
const row = (...cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`
const table = (heads: readonly string[], rows: readonly string[]): string[] => [row(...heads), row(...heads.map(() => '---')), ...rows]

const kindOf = ({ kind, values }: Feature): string => (values === undefined ? kind : `${kind} of ${values.length}`)

const sectionOf = ({ name, hash, level, anchor, features }: FeatureSet): string[] => [
  `## ${name}`,
  '',
  `${features.length} numbers; sha256 \`${hash}\`. Forecasts are relative to \`${level}\`; the price that says most by itself is \`${anchor}\`.`,
  '',
  ...table(
    ['feature', 'kind', 'what it is', 'where it comes from'],
    features.map((feature) => row(feature.name, kindOf(feature), feature.description, feature.source)),
  ),
  '',
]

const text = [
  '# Features',
  '',
  'Made by `npm run generate` from the code; `npm run check` fails where they differ. A name means the same in training, live and replay,',
  'and uses only what was known strictly before the event. Live, each listing is given the vector of the feature set that the model reads',
  'which it names, so models of different sets may take turns.',
  '',
  `The item model reads ${itemVector.columns.map(({ name }) => name).join(', ')}.`,
  '',
  ...featureSets.flatMap(sectionOf),
  '## Measures of the market',
  '',
  'What the fold measures for a listing (`context.measures`), from which the features above are taken.',
  '',
  ...table(
    ['measure', 'what it is'],
    measureDefinitions.map(([name, definition]) => row(name, definition)),
  ),
].join('\n')

if (process.argv.includes('--check')) {
  if (readFileSync(target, 'utf8') !== `${text}\n`) {
    console.error('docs/reference/features.md is not what the code says: run `npm run generate`')
    process.exit(1)
  }
} else writeFileSync(target, `${text}\n`)
