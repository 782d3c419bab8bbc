import { ether, type Token, tokenOf } from '#lib/axie/tokens.ts'
import { RejectedError } from '#lib/errors/errors.ts'
import type { Ask, PricedAsk } from '#schemas/types.ts'
import { ethToWei, parseUsd, parseWei, parseWeiOrZero } from './money.ts'
import { dollarsFor, type Rates } from './rates.ts'

/** An ask whose prices were read and found sane: what the fold keeps of it. Prices in the token's smallest unit, for comparing and showing. */
export type CheckedAsk = Readonly<{
  kind: Ask['kind']
  token: Token
  baseWei: number
  endedWei: number
  startedAt: number
  durationMillis: number
  currentWei: number
  /** The market's own conversion of `currentWei`, or null. */
  currentUsd: number | null
  /** From then on nobody can buy by it; null: it does not end by itself. Milliseconds. */
  expiredAt: number | null
}>

/** RejectedError: unknown_token; bad_price for any price that is not one, and for a Dutch offer that lasts no time. */
export function checkAsk(ask: Ask): CheckedAsk {
  const token = tokenIn(ask)
  const currentWei = Number(parseWei(ask.currentPriceWei, 'currentPriceWei'))
  const { kind, startedAt, expiredAt = null } = ask
  const common = { kind, token, startedAt, currentWei, currentUsd: ownConversion(ask, token), expiredAt }
  if (ask.kind === 'fixed') return { ...common, baseWei: currentWei, endedWei: currentWei, durationMillis: 0 }
  if (!(ask.durationSeconds > 0))
    throw new RejectedError('bad_price', `durationSeconds: expected a Dutch offer to last more than 0 s, found ${ask.durationSeconds}`)
  return {
    ...common,
    baseWei: Number(parseWeiOrZero(ask.basePriceWei, 'basePriceWei')),
    endedWei: Number(parseWeiOrZero(ask.endedPriceWei, 'endedPriceWei')),
    durationMillis: ask.durationSeconds * 1_000,
  }
}

function tokenIn({ paymentToken }: Ask): Token {
  const token = tokenOf(paymentToken)
  if (token !== null) return token
  throw new RejectedError(
    'unknown_token',
    `paymentToken: expected ETH, USDC, AXS, SLP or RON, found ${JSON.stringify(paymentToken.slice(0, 60))}`,
  )
}

/** What the market says it is in dollars. Of other tokens than ether it may say nothing of use, such as 0.00: their rate comes first. */
function ownConversion({ currentPriceUsd }: Ask, token: Token): number | null {
  if (currentPriceUsd === null) return null
  try {
    return parseUsd(currentPriceUsd, 'currentPriceUsd')
  } catch (error) {
    if (token === ether || !(error instanceof RejectedError)) throw error
    return null
  }
}

export const hasExpired = ({ expiredAt = null }: Pick<Ask, 'expiredAt'>, at: number): boolean => expiredAt !== null && expiredAt <= at

/** What it costs at a moment, in the token's smallest unit: a Dutch price moves linearly from base to end over its duration, and stays there. */
export function weiAt(ask: CheckedAsk, at: number): number {
  if (ask.kind === 'fixed') return ask.currentWei
  const passed = Math.min(1, Math.max(0, (at - ask.startedAt) / ask.durationMillis))
  return ask.baseWei + (ask.endedWei - ask.baseWei) * passed
}

/**
 * What it costs at a moment, in dollars: by the exchange rate of that moment, or where none is known by the market's own conversion when
 * the ask was seen. Null where neither is.
 */
export function usdAt(ask: CheckedAsk, at: number, rates: Rates | null): number | null {
  const usd = dollarsFor(weiAt(ask, at), ask.token, rates)
  if (usd !== null) return usd
  return ask.currentUsd === null ? null : (ask.currentUsd * weiAt(ask, at)) / ask.currentWei
}

/**
 * A listing's own ask, as the market said it: of ether its own conversion to dollars comes first, then the exchange rate; of other tokens
 * the other way round. Null where neither is known. RejectedError: unknown_token, bad_price.
 */
export function priceAsk(ask: Ask, rates: Rates | null): PricedAsk | null {
  const checked = checkAsk(ask)
  const { token, currentWei, currentUsd, expiredAt } = checked
  const usd = (token === ether ? currentUsd : null) ?? dollarsFor(currentWei, token, rates) ?? currentUsd
  if (usd === null) return null
  return pricedAsk(checked, ask.currentPriceWei, currentWei, usd, rates, expiredAt)
}

/** The same of any moment, by the rate of that moment: for a question asked later. */
export function priceAskAt(ask: Ask, at: number, rates: Rates | null): PricedAsk | null {
  const checked = checkAsk(ask)
  const usd = usdAt(checked, at, rates)
  const wei = weiAt(checked, at)
  return usd === null ? null : pricedAsk(checked, String(BigInt(Math.round(wei))), wei, usd, rates, checked.expiredAt)
}

/** Null where another token's worth in ether is not known. */
function pricedAsk(
  { kind, token, startedAt }: CheckedAsk,
  units: string,
  amount: number,
  usd: number,
  rates: Rates | null,
  expiredAt: number | null,
): PricedAsk | null {
  const common = { kind, usd, startedAt, expiredAt }
  const whole = amount / 10 ** token.decimals
  if (token === ether) return { ...common, wei: units, eth: whole, token: null, amount: null }
  if (rates === null) return null
  const eth = usd / rates.ETH
  return { ...common, wei: ethToWei(eth), eth, token: token.symbol, amount: whole }
}
