import { expect, test } from 'vitest'
import { tokenOf } from './tokens.ts'

const usdc = '0x0b7007c13325c48911f73a2dad5fa5dcbf808adc'

test.each([
  usdc,
  usdc.toUpperCase(),
  '0x0B7007c13325C48911F73a2daD5fA5dCBf808aDc',
  'ronin:0b7007c13325c48911f73a2dad5fa5dcbf808adc',
  'USDC',
])('%s is USDC, of six decimals', (address) => {
  expect(tokenOf(address)).toEqual({ symbol: 'USDC', decimals: 6 })
})

test.each(['', 'ETH', 'WETH', '0xC99A6A985eD2Cac1ef41640596C5A5f9F4E19Ef5'])('%j is ether', (address) => {
  expect(tokenOf(address)?.symbol).toBe('ETH')
})

test.each(['SLP', 'AXS', 'RON'])('%s goes by its symbol, too', (symbol) => {
  expect(tokenOf(symbol)?.symbol).toBe(symbol)
})

test.each(['0x0000000000000000000000000000000000000000', 'DOGE', 'ronin:', '0x', usdc.slice(2), 'constructor'])(
  '%s is nobody’s',
  (address) => {
    expect(tokenOf(address)).toBeNull()
  },
)
