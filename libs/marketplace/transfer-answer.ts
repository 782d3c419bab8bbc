import { z } from 'zod'
import { RejectedError } from '#lib/errors/errors.ts'
import { saleIdOf } from '#lib/market/event.ts'
import { parseUsd, parseWei } from '#lib/market/money.ts'
import type { Item, Sale } from '#schemas/types.ts'
import { entries, fieldOf, price, seconds, smallInteger, text } from './shapes.ts'

const transferSchema = z.object({
  from: text(200).nullish(),
  to: text(200).nullish(),
  timestamp: seconds,
  txHash: text(200).nullish(),
  withPrice: price.nullish(),
  withPriceUsd: price.nullish(),
})
const historySchema = z.object({
  transferHistory: z.object({ total: smallInteger.nullish().catch(null), results: entries.max(1_000) }),
})

export type Sales = Readonly<{
  /** Newest first. */
  sales: readonly Sale[]
  /** Transfers that cannot be read: they cost themselves alone. */
  refused: readonly Readonly<{ raw: unknown; error: RejectedError }>[]
  /** It changed hands more often than was told. */
  isCut: boolean
}>

/**
 * Transfers without a price are gifts: passed over. RejectedError: missing_field, bad_field of the history as a whole.
 * @param asked how many transfers the page was to hold at most: as many of them may be all there are, where no total is told
 */
export function salesOf(entry: unknown, item: Item, asked: number): Sales {
  const { results, total } = fieldOf(historySchema, entry, '').transferHistory
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
  return {
    sales: sales.sort((a, b) => b.soldAt - a.soldAt),
    refused,
    isCut: total === null || total === undefined ? results.length >= asked : total > results.length,
  }
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
  if (usd === null && units < leastEtherWei)
    throw new RejectedError('bad_price', `${name}.withPriceUsd: expected dollars of what is too little ether for a price, found none`)
  return {
    saleId: saleIdOf(item.tokenId, { txHash, soldAt }),
    item,
    soldAt,
    priceWei: withPrice,
    priceUsd,
    seller: transfer.from ?? null,
    buyer: transfer.to ?? null,
    txHash,
    token: usd === null ? null : paidIn(Number(units), usd),
  }
}

/** Less than any axie was ever sold for: an amount of another token. */
const leastEtherWei = 10n ** 10n
/** Dollars for one ether: far below, and far beyond, what it ever was since there are axies. */
const etherUsd = { least: 50, most: 200_000 }

/**
 * A transfer does not name its token. An amount that is its dollars in millionths was paid in USDC: as ether it would be dust. One that
 * would make ether worth a dollar, or a trillion, was paid in a token that cannot be told: its dollars count, its amount does not.
 */
function paidIn(units: number, usd: number): 'USDC' | 'unknown' | null {
  if (Math.abs(units / 1e6 / usd - 1) < 0.05) return 'USDC'
  const implied = usd / (units / 1e18)
  return implied >= etherUsd.least && implied <= etherUsd.most ? null : 'unknown'
}
