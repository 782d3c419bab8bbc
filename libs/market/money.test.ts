import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RejectedError } from '#lib/errors/errors.ts'
import { checkEthUsd, ethToWei, maxWei, parseUsd, parseWei, parseWeiOrZero, usdToWei, weiToEth, weiToUsd } from './money.ts'

const codeOf = (act: () => unknown): string => {
  try {
    act()
    return 'accepted'
  } catch (error) {
    if (error instanceof RejectedError) return error.code
    throw error
  }
}

const notPrices = [
  '',
  ' ',
  '0',
  '000',
  '-1',
  '+1',
  '1.5',
  '1e18',
  'NaN',
  'Infinity',
  'null',
  '0x10',
  '1 000',
  '１２',
  '1\n',
  `1${'0'.repeat(40)}`,
]

describe('wei', () => {
  it('are whole numbers above zero, in digits', () => {
    expect(parseWei('1', 'price')).toBe(1n)
    expect(parseWei('12345678901234567890', 'price')).toBe(12_345_678_901_234_567_890n)
    expect(parseWei(maxWei.toString(), 'price')).toBe(maxWei)
  })

  it.each(notPrices)('refuse %j as bad_price', (text) => {
    expect(codeOf(() => parseWei(text, 'price'))).toBe('bad_price')
  })

  it('refuse more than a million ETH', () => {
    expect(codeOf(() => parseWei((maxWei + 1n).toString(), 'price'))).toBe('bad_price')
  })

  it('may be zero only where a Dutch offer may end', () => {
    expect(parseWeiOrZero('0', 'endedPriceWei')).toBe(0n)
    expect(codeOf(() => parseWeiOrZero('-1', 'endedPriceWei'))).toBe('bad_price')
  })

  it('of any text are a number that reads the same, or bad_price', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.bigInt().map(String), fc.double().map(String)), (text) => {
        if (codeOf(() => parseWei(text, 'price')) === 'accepted') expect(BigInt(text)).toBe(parseWei(text, 'price'))
      }),
      { numRuns: 5_000 },
    )
  })

  it('turn into ETH and back, exact to a gwei', () => {
    expect(weiToEth(1_500_000_000_000_000_000n)).toBe(1.5)
    expect(ethToWei(0.0123)).toBe('12300000000000000')
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: 10n ** 13n }), (gwei) => {
        const wei = gwei * 1_000_000_000n
        expect(ethToWei(weiToEth(wei))).toBe(wei.toString())
      }),
    )
  })
})

describe('dollars', () => {
  it('are plain decimals above zero', () => {
    expect(parseUsd('23.45', 'price')).toBe(23.45)
    expect(parseUsd('0.000001', 'price')).toBe(0.000001)
  })

  it.each(['', '0', '0.00', '-1', '.5', '1.', '1e3', 'NaN', 'Infinity', '10000000000000', '1,5', '$3'])(
    'refuse %j as bad_price',
    (text) => {
      expect(codeOf(() => parseUsd(text, 'price'))).toBe('bad_price')
    },
  )

  it('turn into wei by the exchange rate and back', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000_000 }), fc.integer({ min: 100, max: 10_000 }), (usd, ethUsd) => {
        const wei = parseWei(usdToWei(usd, ethUsd), 'price')
        expect(weiToUsd(wei, ethUsd)).toBeCloseTo(usd, 4)
      }),
    )
  })
})

describe('an exchange rate', () => {
  it('is a sane positive number, or bad_exchange_rate', () => {
    expect(checkEthUsd(3_000)).toBe(3_000)
    for (const rate of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, 1e8]) expect(codeOf(() => checkEthUsd(rate))).toBe('bad_exchange_rate')
  })
})
