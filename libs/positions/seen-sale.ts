import { hourMillis } from '#lib/clock/durations.ts'
import type { Position } from '#schemas/types.ts'

export type SeenSale = Readonly<{ tokenId: string; soldAt: number; usd: number }>

/** The market tells of a purchase itself within this long of when somebody said so, before or after. */
const purchaseMillis = hourMillis
/** At about what was paid. */
const purchaseRatio = 0.05

/**
 * Open positions that this sale of the market ends, of those bought by no alert: what was bought by one is followed by the ledger. The sale by
 * which an axie was bought is a sale as well, and may be heard of after the purchase.
 */
export const endedBySale = (open: readonly Position[], sale: SeenSale): Position[] =>
  open.filter(
    (position) =>
      position.alertId === null && position.tokenId === sale.tokenId && sale.soldAt > position.boughtAt && !isPurchase(position, sale),
  )

const isPurchase = ({ boughtAt, boughtUsd }: Position, { soldAt, usd }: SeenSale): boolean =>
  soldAt - boughtAt <= purchaseMillis && Math.abs(usd - boughtUsd) <= boughtUsd * purchaseRatio
