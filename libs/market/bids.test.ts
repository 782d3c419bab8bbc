import { expect, test } from 'vitest'
import type { Bid } from '#schemas/types.ts'
import { priceBids } from './bids.ts'

const rates = { ETH: 2_000, AXS: null, SLP: 0.002, RON: null, USDC: 1 }
const bid = (paymentToken: string, priceWei: string, priceUsd: string | null = null): Bid => ({ paymentToken, priceWei, priceUsd })
const price = (highest: Bid | null, at: typeof rates | null = rates) => priceBids({ count: 3, highest }, at)

test('a bid is priced as an ask is: ether by what the market says, other tokens by the rate', () => {
  expect(price(bid('weth', '2000000000000000', '4.10'))).toEqual({ count: 3, usd: 4.1, token: 'ETH', amount: 0.002 })
  expect(price(bid('weth', '2000000000000000'))?.usd).toBe(4)
  expect(price(bid('0x0b7007c13325c48911f73a2dad5fa5dcbf808adc', '5000000', '0.00'))).toMatchObject({ usd: 5, token: 'USDC', amount: 5 })
  expect(price(bid('0xa8754b9fa15fc18bb59458815510e40a12cd2014', '1000'))).toMatchObject({ usd: 2, token: 'SLP' })
})

test('without a rate its own dollars count, and without those it is shown in its token alone', () => {
  const axs = '0x97a9107c1793bc407d6f527b77e7fff4d812bece'
  expect(price(bid(axs, '3000000000000000000', '3.60'), null)).toMatchObject({ usd: 3.6, token: 'AXS', amount: 3 })
  expect(price(bid(axs, '3000000000000000000'))).toMatchObject({ usd: null, token: 'AXS', amount: 3 })
})

test('what cannot be read is none, however it came into the record', () => {
  const none = { count: 3, usd: null, token: null, amount: null }
  for (const highest of [null, bid('0xaa', '1'), bid('weth', '0'), bid('weth', 'lots'), bid('weth', '-1')])
    expect(price(highest)).toEqual(none)
  expect(priceBids(null, rates)).toBeNull()
  expect(priceBids(undefined, rates)).toBeNull()
})
