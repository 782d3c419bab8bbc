import { describe, expect, it } from 'vitest'
import { hourMillis } from '#lib/clock/durations.ts'
import { createSellerListings, maxSellerListings } from './seller-listings.ts'

describe("a seller's listings", () => {
  it('are those of the last hour, this one apart, each counted once', () => {
    const sellers = createSellerListings()
    sellers.add('0xa', 'old', 0)
    sellers.add('0xa', 'one', 1)
    sellers.add('0xb', 'other seller', 2)
    sellers.add('0xa', 'two', 3)
    sellers.add('0xa', 'two', 4)
    sellers.add('0xa', 'this', 5)
    expect(sellers.count('0xa', 'this', hourMillis)).toBe(2)
    expect(sellers.count('0xb', 'this', hourMillis)).toBe(1)
    expect(sellers.count('0xc', 'this', hourMillis)).toBe(0)
    expect(sellers.count('0xa', 'this', hourMillis + 4)).toBe(0)
  })

  it('are counted to 1,000, and remembered no further', () => {
    const sellers = createSellerListings()
    for (let number = 0; number < 5_000; number += 1) sellers.add('0xa', String(number), number)
    expect(sellers.count('0xa', 'this', 5_000)).toBe(maxSellerListings)
  })

  it('of 100,000 sellers are forgotten after an hour', () => {
    const sellers = createSellerListings()
    for (let number = 0; number < 100_000; number += 1) sellers.add(`0x${number}`, 'one', number)
    sellers.forgetUpTo(99_998)
    expect(sellers.size()).toBe(1)
  })
})
