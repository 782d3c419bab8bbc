import { marketFeeRatio } from '#lib/market/fee.ts'
import type { Position } from '#schemas/types.ts'

/** What a purchase leaves when it is sold at a price, after the market's fee: dollars, less than 0 for a loss. */
export const leftAfterFee = (soldUsd: number, boughtUsd: number, feeRatio = marketFeeRatio): number => soldUsd * (1 - feeRatio) - boughtUsd

/** What a position came to; null: it is open. */
export const netOf = ({ soldUsd, boughtUsd }: Pick<Position, 'soldUsd' | 'boughtUsd'>, feeRatio = marketFeeRatio): number | null =>
  soldUsd === null ? null : leftAfterFee(soldUsd, boughtUsd, feeRatio)
