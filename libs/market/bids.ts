import { ether, tokenOf } from '#lib/axie/tokens.ts'
import { RejectedError } from '#lib/errors/errors.ts'
import type { Bids, PricedBids } from '#schemas/types.ts'
import { parseUsd, parseWei } from './money.ts'
import { dollarsFor, type Rates } from './rates.ts'

/**
 * What others bid, in dollars, as an ask is priced: of ether the market's own conversion comes first, of other tokens the exchange rate.
 * A bid that cannot be read is none: it is shown beside a forecast, and nothing is made of it.
 */
export function priceBids(bids: Bids | null | undefined, rates: Rates | null): PricedBids | null {
  if (bids === null || bids === undefined) return null
  const { count, highest } = bids
  const none = { count, usd: null, token: null, amount: null }
  const token = highest === null ? null : tokenOf(highest.paymentToken)
  if (highest === null || token === null) return none
  const units = orNull(() => Number(parseWei(highest.priceWei, 'bids.highest.priceWei')))
  if (units === null) return none
  const highestUsd = highest.priceUsd === null ? null : orNull(() => parseUsd(highest.priceUsd ?? '', 'bids.highest.priceUsd'))
  const usd = (token === ether ? highestUsd : null) ?? dollarsFor(units, token, rates) ?? highestUsd
  return { count, usd, token: token.symbol, amount: units / 10 ** token.decimals }
}

function orNull<Value>(read: () => Value): Value | null {
  try {
    return read()
  } catch (error) {
    if (error instanceof RejectedError) return null
    throw error
  }
}
