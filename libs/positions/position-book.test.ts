import { describe, expect, it } from 'vitest'
import { sampleAlert } from '#lib/stages/testing/alert-samples.ts'
import { boughtPosition, createPositionBook, type Purchase, soldPosition } from './position-book.ts'
import { samplePosition } from './testing/position-samples.ts'

const alert = sampleAlert()
const { tokenId } = alert.scored.listing.item
const listedAt = alert.scored.listing.ask.startedAt
const purchase = (change: Partial<Purchase> = {}): Purchase => ({
  account: 'main',
  tokenId,
  usd: 80,
  at: listedAt + 5_000,
  by: 'x',
  alert,
  ...change,
})

describe('positions', () => {
  it('a purchase by an alert knows its rule, class and seller', () => {
    const book = createPositionBook()
    const position = boughtPosition(book, purchase())
    expect(position).toEqual({
      positionId: `main:${tokenId}:${listedAt + 5_000}`,
      account: 'main',
      tokenId,
      boughtUsd: 80,
      boughtAt: listedAt + 5_000,
      soldUsd: null,
      soldAt: null,
      soldBy: null,
      alertId: alert.alertId,
      rule: alert.rule,
      class: 'aquatic',
      seller: alert.scored.listing.seller,
      by: 'x',
    })
    book.take(position)
    expect(book.open()).toEqual([position])
    book.take(soldPosition(book, { account: 'main', tokenId, usd: 120, at: listedAt + 9_000, by: 'seen' }))
    expect(book.open()).toEqual([])
    expect(book.all()).toMatchObject([{ soldUsd: 120, soldBy: 'seen' }])
    expect(() => book.take(boughtPosition(book, purchase({ at: listedAt + 10_000 })))).not.toThrow()
    expect(book.all()).toHaveLength(2)
  })

  it.each<[string, Partial<Purchase>, RegExp]>([
    ['without a price', { usd: null }, /price in dollars, found none/],
    ['for nothing', { usd: 0 }, /above 0 dollars.*found 0/],
    ['for less than nothing', { usd: -5 }, /found -5/],
    ['for what is no number', { usd: Number.NaN }, /found NaN/],
    ['before its listing', { at: listedAt - 1 }, /listed only 2022-04-16/],
  ])('refuses a purchase %s', (_, change, problem) => {
    expect(() => boughtPosition(createPositionBook(), purchase(change))).toThrow(problem)
  })

  it('refuses an axie bought twice by one account, and not by another', () => {
    const book = createPositionBook()
    book.take(boughtPosition(book, purchase()))
    expect(() => boughtPosition(book, purchase())).toThrow(/main has it already, bought 2022-04-16/)
    expect(boughtPosition(book, purchase({ account: 'other' })).account).toBe('other')
  })

  it('refuses to sell what is not there, for nothing, or before it was bought', () => {
    const book = createPositionBook()
    book.take(samplePosition({ boughtAt: 100 }))
    const sale = { account: 'main', tokenId: '7', usd: 30, at: 200, by: 'said' } as const
    expect(() => soldPosition(book, { ...sale, tokenId: '8' })).toThrow(/does not have it/)
    expect(() => soldPosition(book, { ...sale, account: 'other' })).toThrow(/does not have it/)
    expect(() => soldPosition(book, { ...sale, usd: null })).toThrow(/found none/)
    expect(() => soldPosition(book, { ...sale, at: 99 })).toThrow(/bought only/)
    expect(soldPosition(book, sale)).toMatchObject({ soldUsd: 30, soldAt: 200, soldBy: 'said' })
  })
})
