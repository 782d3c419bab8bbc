import { describe, expect, test } from 'vitest'
import type { Outcome } from '#schemas/types.ts'
import { createMoneyBook } from './money-book.ts'

const day = 86_400_000
const noon = Date.parse('2026-11-01T12:00:00Z')
const outcome = (id: string, change: Partial<Outcome>): Outcome =>
  ({ alertId: id, kind: 'alert', rule: 'default', status: 'open', alertedAt: noon, resoldAt: null, netUsd: null, ...change }) as Outcome
const resold = (id: string, netUsd: number | null, resoldAt = noon) => outcome(id, { status: 'resold', netUsd, resoldAt })

describe('what a rule earned on a day', () => {
  test('is said when the day is over, and not before', () => {
    const book = createMoneyBook()
    book.note([resold('a', 10), resold('b', -4), resold('c', 0)])
    expect(book.daysBefore(noon, noon)).toEqual([])
    expect(book.daysBefore(noon + day, noon)).toEqual([
      { rule: 'default', day: '2026-11-01', matured: 3, gained: 1, unsold: 0, gainUsd: 10, lossUsd: 4 },
    ])
  })

  test('counts what is unsold when its time is up as not gained', () => {
    const book = createMoneyBook()
    book.note([resold('a', 10, noon + 14 * day), outcome('b', { status: 'censored' })])
    expect(book.daysBefore(noon + 16 * day, noon)).toMatchObject([{ day: '2026-11-15', matured: 2, gained: 1, unsold: 1, lossUsd: 0 }])
  })

  test('counts neither what is open, withdrawn, of unknown price, nor the random buyer', () => {
    const book = createMoneyBook()
    book.note([outcome('a', {}), outcome('b', { status: 'gone' }), resold('c', null), { ...resold('d', 5), kind: 'random' }])
    expect(book.daysBefore(noon + 30 * day, noon)).toEqual([])
  })

  test('leaves out alerts from before the log begins: what became of them is forgotten', () => {
    const book = createMoneyBook()
    book.note([resold('a', 10), outcome('b', { status: 'censored', alertedAt: noon - 1 })])
    expect(book.daysBefore(noon + 30 * day, noon)).toMatchObject([{ matured: 1, unsold: 0 }])
  })

  test('goes by the newest word about an alert, and by rule, oldest day first', () => {
    const book = createMoneyBook()
    book.note([resold('a', 10, noon + day), { ...resold('b', 1), rule: 'classic' }])
    book.note([resold('a', -2)])
    expect(book.daysBefore(noon + 3 * day, noon).map(({ rule, day, gained }) => [rule, day, gained])).toEqual([
      ['classic', '2026-11-01', 1],
      ['default', '2026-11-01', 0],
    ])
  })
})
