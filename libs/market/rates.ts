import type { Token } from '#lib/axie/tokens.ts'
import type { ExchangeRate } from '#schemas/types.ts'
import { checkEthUsd } from './money.ts'

/** Dollars for one of each token; null where the market does not say. Without ether's there are no rates at all. */
export type Rates = Readonly<Record<Token['symbol'], number | null> & { ETH: number }>

/** A rate that is none counts as unknown, but for ether's: nearly everything is paid in it. RejectedError: bad_exchange_rate. */
export function ratesOf({ ethUsd, axsUsd, slpUsd, ronUsd, usdcUsd }: ExchangeRate): Rates {
  return { ETH: checkEthUsd(ethUsd), AXS: orUnknown(axsUsd), SLP: orUnknown(slpUsd), RON: orUnknown(ronUsd), USDC: orUnknown(usdcUsd) }
}

const orUnknown = (usd: number | null | undefined): number | null => (typeof usd === 'number' && usd > 0 && usd < 1e7 ? usd : null)

/** Dollars for an amount in the token's smallest unit: the one place where a token becomes dollars. Null where its rate is not known. */
export function dollarsFor(units: number, { symbol, decimals }: Token, rates: Rates | null): number | null {
  const usd = rates?.[symbol] ?? null
  return usd === null ? null : (units / 10 ** decimals) * usd
}
