import { describe, expect, test } from 'vitest'
import type { RecordedRun } from '#lib/tracking/tracker.ts'
import { compareRuns, formatComparison, formatRuns, shortIds } from './compare.ts'

const run = (id: string, parameters: Record<string, string>, metrics: Record<string, number>): RecordedRun => ({
  id,
  name: `trees-${id}`,
  startedAt: 0,
  endedAt: 61_000,
  parameters,
  metrics,
})
const runs = [
  run('aaaaaaaa1', { 'trees.rounds': '600', seed: '1', source: 'recorded' }, { medianApe: 0.0923456, coverage90: 0.9 }),
  run('aaaaaaaa2', { 'trees.rounds': '100', seed: '1' }, { medianApe: 0.1 }),
]

describe('runs side by side', () => {
  test('show every metric, and of the parameters those that differ', () => {
    expect(compareRuns(runs)).toEqual({
      runs: [
        { id: 'aaaaaaaa1', name: 'trees-aaaaaaaa1' },
        { id: 'aaaaaaaa2', name: 'trees-aaaaaaaa2' },
      ],
      metrics: [
        { name: 'coverage90', values: [0.9, null] },
        { name: 'medianApe', values: [0.0923456, 0.1] },
      ],
      differing: [
        { name: 'source', values: ['recorded', null] },
        { name: 'trees.rounds', values: ['600', '100'] },
      ],
      sameParameters: 1,
    })
  })

  test('as a table, each run a column', () => {
    expect(formatComparison(compareRuns(runs)).split('\n')).toEqual([
      '              aaaaaaaa1        aaaaaaaa2',
      '              trees-aaaaaaaa1  trees-aaaaaaaa2',
      'coverage90    0.9              -',
      'medianApe     0.09235          0.1',
      'source        recorded         -',
      'trees.rounds  600              100',
      '1 parameters are the same in all',
      '',
    ])
  })

  test('ids are as short as they can be told apart by', () => {
    expect(shortIds(['0123456789', 'abcdefghij'])).toEqual(['01234567', 'abcdefgh'])
    expect(shortIds(['aaaaaaaaab', 'aaaaaaaaac'])).toEqual(['aaaaaaaaab', 'aaaaaaaaac'])
  })
})

test('the list of runs says how good each was, and of none how to make one', () => {
  expect(formatRuns(runs, 'here')).toContain('aaaaaaaa1  trees-aaaaaaaa1  1970-01-01 00:01  61       9.2%          90.0%')
  expect(formatRuns([], 'here')).toBe('no trainings in here: flipstream train makes one\n')
})
