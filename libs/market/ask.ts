import { RejectedError } from '#lib/errors/errors.ts'
import type { Ask, PricedAsk } from '#schemas/types.ts'
import { parseUsd, parseWei, parseWeiOrZero, weiToEth, weiToUsd } from './money.ts'

/** An ask whose prices were read and found sane: what the fold keeps of it. Wei as floating point, for comparing and showing. */
export type CheckedAsk = Readonly<{
  kind: Ask['kind']
  baseWei: number
  endedWei: number
  startedAt: number
  durationMillis: number
  currentWei: number
  /** The market's own conversion of `currentWei`, or null. */
  currentUsd: number | null
}>

/** RejectedError: bad_price for any price that is not one, and for a Dutch offer that lasts no time. */
export function checkAsk(ask: Ask): CheckedAsk {
  const currentWei = Number(parseWei(ask.currentPriceWei, 'currentPriceWei'))
  const currentUsd = ask.currentPriceUsd === null ? null : parseUsd(ask.currentPriceUsd, 'currentPriceUsd')
  const common = { kind: ask.kind, startedAt: ask.startedAt, currentWei, currentUsd }
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

/** What it costs at a moment, in wei: a Dutch price moves linearly from base to end over its duration, and stays there. */
export function weiAt(ask: CheckedAsk, at: number): number {
  if (ask.kind === 'fixed') return ask.currentWei
  const passed = Math.min(1, Math.max(0, (at - ask.startedAt) / ask.durationMillis))
  return ask.baseWei + (ask.endedWei - ask.baseWei) * passed
}

/**
 * What it costs at a moment, in dollars: by the exchange rate of that moment, or where none is known by the market's own conversion when
 * the ask was seen. Null where neither is.
 */
export function usdAt(ask: CheckedAsk, at: number, ethUsd: number | null): number | null {
  if (ethUsd !== null) return (weiAt(ask, at) / 1e18) * ethUsd
  return ask.currentUsd === null ? null : (ask.currentUsd * weiAt(ask, at)) / ask.currentWei
}

/**
 * A listing's own ask, as the market said it: its own conversion to dollars comes first, then the exchange rate; null where neither is
 * known. RejectedError: bad_price.
 */
export function priceAsk(ask: Ask, ethUsd: number | null): PricedAsk | null {
  const wei = parseWei(ask.currentPriceWei, 'currentPriceWei')
  const own = ask.currentPriceUsd === null ? null : parseUsd(ask.currentPriceUsd, 'currentPriceUsd')
  const usd = own ?? (ethUsd === null ? null : weiToUsd(wei, ethUsd))
  if (usd === null) return null
  return { kind: ask.kind, wei: ask.currentPriceWei, eth: weiToEth(wei), usd, startedAt: ask.startedAt }
}
