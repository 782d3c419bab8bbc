import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { checkoutRoot } from '#lib/stack/resolve.ts'
import { type Measurement, measurementTable, withFigures } from './measurement.ts'

const earlier: Measurement = {
  version: 1,
  title: 'Archiver',
  about: 'as an app',
  command: 'npm run bench:archiver',
  at: '2026-11-28',
  commit: 'abc',
  machine: 'm',
  versions: { Node: '1', Kafka: '4.1.1' },
  load: '1',
  columns: ['what', 'seen', 'goal'],
  rows: [
    ['MB/s', '8', '20'],
    ['RSS, MB', '218', '300'],
  ],
}
const run = { at: '2026-12-01', commit: 'def', machine: 'n', load: '2', command: 'npm run bench:archiver -- --runs 1' }

describe('a new run', () => {
  test('replaces what was seen, and leaves what stands beside it', () => {
    const { rows, title, commit } = withFigures(earlier, [['MB/s', '9']], run)
    expect(rows).toEqual([['MB/s', '9', '20']])
    expect([title, commit]).toEqual(['Archiver', 'def'])
  })

  test('may have figures that no earlier one had', () => {
    expect(withFigures(earlier, [['objects', '3']], run).rows).toEqual([['objects', '3', '']])
  })
})

test('a table has a line of columns and one for each row', () => {
  expect(measurementTable(earlier).split('\n')).toEqual([
    '| what | seen | goal |',
    '| --- | --- | --- |',
    '| MB/s | 8 | 20 |',
    '| RSS, MB | 218 | 300 |',
  ])
})

const documents = globSync('bench/results/**/*.json', { cwd: checkoutRoot })

test.each(documents)('%s says where and when it was measured, and what repeats it', (file) => {
  const document = JSON.parse(readFileSync(join(checkoutRoot, file), 'utf8')) as Measurement
  const said = ['at', 'commit', 'machine', 'load', 'versions'] as const
  expect(said.filter((field) => document[field] === undefined || document[field] === '')).toEqual([])
  if (document.rows === undefined) return
  expect(document.command).toMatch(/^(npm run|npx flipstream|node bin\/node\.mjs scripts\/)/)
  expect(document.rows.filter(({ length }) => length !== document.columns.length)).toEqual([])
})
