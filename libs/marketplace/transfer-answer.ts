import { z } from 'zod'
import { RejectedError } from '#lib/errors/errors.ts'
import { saleIdOf } from '#lib/market/event.ts'
import { parseUsd, parseWei } from '#lib/market/money.ts'
import type { Item, Sale } from '#schemas/types.ts'
import { entries, fieldOf, price, seconds, text } from './shapes.ts'

const transferSchema = z.object({
  from: text(200).nullish(),
  to: text(200).nullish(),
  timestamp: seconds,
  txHash: text(200).nullish(),
  withPrice: price.nullish(),
  withPriceUsd: price.nullish(),
})
const historySchema = z.object({ transferHistory: z.object({ results: entries.max(1_000) }) })

export type Sales = Readonly<{
  /** Newest first. */
  sales: readonly Sale[]
  /** Transfers that cannot be read: they cost themselves alone. */
  refused: readonly Readonly<{ raw: unknown; error: RejectedError }>[]
  /** How many were told: gifts too. */
  transfers: number
}>

/** Transfers without a price are gifts: passed over. RejectedError: missing_field, bad_field of the history as a whole. */
export function salesOf(entry: unknown, item: Item): Sales {
  const { results } = fieldOf(historySchema, entry, '').transferHistory
  const sales: Sale[] = []
  const refused: Sales['refused'][number][] = []
  for (const [index, raw] of results.entries()) {
    try {
      const sale = saleOf(raw, `transferHistory.results.${index}`, item)
      if (sale !== null) sales.push(sale)
    } catch (error) {
      if (!(error instanceof RejectedError)) throw error
      refused.push({ raw, error })
    }
  }
  return { sales: sales.sort((a, b) => b.soldAt - a.soldAt), refused, transfers: results.length }
}

function saleOf(raw: unknown, name: string, item: Item): Sale | null {
  const transfer = fieldOf(transferSchema, raw, name)
  const { withPrice } = transfer
  if (withPrice === null || withPrice === undefined || withPrice === '' || withPrice === '0') return null
  const soldAt = transfer.timestamp * 1_000
  const txHash = transfer.txHash || null
  const priceUsd = transfer.withPriceUsd ?? null
  const units = parseWei(withPrice, 'withPrice')
  const usd = priceUsd === null ? null : parseUsd(priceUsd, 'withPriceUsd')
  return {
    saleId: saleIdOf(item.tokenId, { txHash, soldAt }),
    item,
    soldAt,
    priceWei: withPrice,
    priceUsd,
    seller: transfer.from ?? null,
    buyer: transfer.to ?? null,
    txHash,
    token: usd !== null && isDollarCoin(Number(units), usd) ? 'USDC' : null,
  }
}

/** A transfer does not name its token. An amount that is its dollars in millionths was paid in USDC: as ether it would be dust. */
const isDollarCoin = (units: number, usd: number): boolean => Math.abs(units / 1e6 / usd - 1) < 0.05
