/**
 * Prices. The market says them as decimal strings in wei (10^-18 ETH): those are kept as they are wherever they travel, and turned into
 * floating point only to be compared and shown. All parsers are strict, because a price read wrongly is an alert sent wrongly.
 */
import { RejectedError } from '#lib/errors/errors.ts'

/** A million ETH: more than any axie was ever offered for by someone who meant it. */
export const maxWei = 10n ** 24n
/** Dollars for one ETH. */
export const maxEthUsd = 1e7

const weiPerEth = 1e18
const shorten = (text: string): string => JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text)

const badPrice = (name: string, expected: string, found: string): RejectedError =>
  new RejectedError('bad_price', `${name}: expected ${expected}, found ${shorten(found)}`)

const wholeNumber = /^\d{1,25}$/

/** Wei above 0 and up to 10^24, digits only. RejectedError: bad_price. `name` is for the message. */
export function parseWei(text: string, name: string): bigint {
  const wei = parseWeiOrZero(text, name)
  if (wei === 0n) throw badPrice(name, 'a price above 0 wei', text)
  return wei
}

/** The same, 0 included: where a Dutch offer may end. RejectedError: bad_price. */
export function parseWeiOrZero(text: string, name: string): bigint {
  if (!wholeNumber.test(text)) throw badPrice(name, 'wei in decimal digits, at most 10^24', text)
  const wei = BigInt(text)
  if (wei > maxWei) throw badPrice(name, 'at most 10^24 wei', text)
  return wei
}

const decimalNumber = /^\d{1,10}(?:\.\d{1,30})?$/

/** Dollars above 0 and up to 10^10, as a plain decimal such as 23.45 (no sign, no exponent). RejectedError: bad_price. */
export function parseUsd(text: string, name: string): number {
  if (!decimalNumber.test(text)) throw badPrice(name, 'dollars as a plain decimal', text)
  const usd = Number(text)
  if (usd <= 0) throw badPrice(name, 'more than 0 dollars', text)
  return usd
}

/** Dollars for one ETH, above 0 and up to 10^7. RejectedError: bad_exchange_rate. */
export function checkEthUsd(ethUsd: number): number {
  if (ethUsd > 0 && ethUsd <= maxEthUsd) return ethUsd
  throw new RejectedError('bad_exchange_rate', `ethUsd: expected dollars for one ETH, above 0 and up to ${maxEthUsd}, found ${ethUsd}`)
}

/** ETH, to the nearest floating-point number. */
export const weiToEth = (wei: bigint): number => Number(wei) / weiPerEth

export const weiToUsd = (wei: bigint, ethUsd: number): number => weiToEth(wei) * ethUsd

/** Wei for an amount of ETH, as the market writes it; exact to a gwei, so that no digits are made up. */
export const ethToWei = (eth: number): string => (BigInt(Math.round(eth * 1e9)) * 1_000_000_000n).toString()

export const usdToWei = (usd: number, ethUsd: number): string => ethToWei(usd / ethUsd)
