import { describe, expect, test } from 'vitest'
import { type Selectable, type Selection, select } from './selection.ts'

const rows: readonly Selectable[] = [
  { axieId: '11', class: 'plant', at: 300, ask: 10, gain: 5, rule: 'default', state: 'resold', kind: 'alert' },
  { axieId: '12', class: 'Bird', at: 200, ask: 30, gain: null, rule: 'cheap', state: 'open', kind: 'alert' },
  { axieId: '21', class: null, at: 100, ask: 20, gain: -2, rule: null, state: 'resold', kind: 'random' },
]
const ids = (selection: Selection) => select(rows, (row) => row, selection).map(({ axieId }) => axieId)

describe('a selection', () => {
  test.each<[string, Selection, string[]]>([
    ['of nothing is everything, in its order', {}, ['11', '12', '21']],
    ['by class, whatever its case', { class: 'bird' }, ['12']],
    ['by rule', { rule: 'default' }, ['11']],
    ['by state and kind', { state: 'resold', kind: ['alert'] }, ['11']],
    ['from a moment on, up to another', { from: 200, to: 300 }, ['12']],
    ['by gain leaves out what has none', { minGain: -10 }, ['11', '21']],
    ['up to a gain', { maxGain: 0 }, ['21']],
    ['by a part of a name', { q: '2' }, ['12', '21']],
    ['by the name of a class', { q: 'PLANT' }, ['11']],
    ['sorted by gain, what has none last', { sort: { key: 'gain', descending: false } }, ['21', '11', '12']],
    ['sorted the other way, what has none last all the same', { sort: { key: 'gain', descending: true } }, ['11', '21', '12']],
    ['sorted by class', { sort: { key: 'class', descending: false } }, ['12', '11', '21']],
  ])('%s', (_, selection, expected) => {
    expect(ids(selection)).toEqual(expected)
  })
})
