import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { recordedSales } from '../../tests/market-data.ts'
import { trainFromSales } from './train-from-sales.ts'
import { fastTrainingSettings } from './training-settings.ts'

const directory = mkdtempSync(join(tmpdir(), 'flipstream-thin-'))
afterAll(() => rmSync(directory, { recursive: true }))

const daySeconds = 86_400

/** Markets made of the recorded one: each row of its file, its time first, or none. */
const markets: readonly (readonly [name: string, keep: (cells: readonly string[], row: number) => readonly string[] | null])[] = [
  ['one sale in twenty', (cells, row) => (row % 20 === 0 ? cells : null)],
  [
    'times by the day, one sale in ten',
    ([time, ...cells], row) => (row % 10 === 0 ? [String(Math.floor(Number(time) / daySeconds) * daySeconds), ...cells] : null),
  ],
  ['one class, one sale in eight', (cells, row) => (row % 8 === 0 && cells[2] === 'Plant' ? cells : null)],
]

function fileOf(name: string, keep: (typeof markets)[number][1]): string {
  const [header, ...rows] = readFileSync(recordedSales(), 'utf8').trim().split('\n') as [string, ...string[]]
  const kept = rows.flatMap((row, place) => keep(row.split(','), place)?.join(',') ?? [])
  const file = join(directory, `${name.replaceAll(' ', '-')}.csv`)
  writeFileSync(file, `${[header, ...kept].join('\n')}\n`)
  return file
}

describe('thin and old-fashioned markets', { timeout: 900_000 }, () => {
  test.each(markets)(
    '%s: a model leaves training, no worse than the best simple rule beyond what so few sales can tell',
    async (name, keep) => {
      const { report } = await trainFromSales({
        data: { kind: 'file', file: fileOf(name, keep), part: { fraction: 1 }, source: 'recorded' },
        backend: 'wasm',
        settings: fastTrainingSettings,
      })
      const best = Math.min(...report.rules.map(({ errors }) => errors.medianApe))
      // The median of n errors strays by about 1.25 of their spread over the root of n: their spread is about the median itself.
      const strays = (1.25 * best) / Math.sqrt(report.model.rows)
      expect(report.model.medianApe).toBeLessThan(best + 2 * strays)
      console.log(
        `${name}: ${report.sales} sales, model ${report.model.medianApe.toFixed(4)}, best rule ${best.toFixed(4)}, ${JSON.stringify(report.heads)} ${JSON.stringify(report.leftOut)}`,
      )
    },
  )
})
