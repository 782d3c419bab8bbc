import { expect, it } from 'vitest'
import { alignColumns } from './table.ts'

const rows = [
  ['topic', 'records', 'note'],
  ['alerts', '7', ''],
  ['market.events', '12,345', 'whole'],
]

it('aligns the first column to the left and the others to the right', () => {
  expect(alignColumns(rows, { indent: 2 })).toEqual([
    '  topic          records   note',
    '  alerts               7',
    '  market.events   12,345  whole',
  ])
})

it('aligns to the left whatever is said to be text, with nothing behind the last cell', () => {
  expect(alignColumns(rows, { left: [0, 2] })).toEqual([
    'topic          records  note',
    'alerts               7',
    'market.events   12,345  whole',
  ])
  expect(alignColumns(rows, { left: 'all' })[1]).toBe('alerts         7')
})

it('makes no line of no rows', () => expect(alignColumns([])).toEqual([]))
