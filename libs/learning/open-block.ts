/**
 * The block of sales that is under way. Where it begins is said by the newest block that stands in the log, so that whoever restores from
 * the middle of the log cuts the same blocks: a block that was made is confirmed by being read, and the next one ends only after that.
 */
import type { JudgedSale } from './paired-losses.ts'
import type { LearningSettings } from './settings.ts'

export type OpenBlock = {
  /** The market's clock, exclusive: it begins after this. */
  from: number
  /** Sales after `from`, and how many more there were of listings that were alerted. */
  sales: JudgedSale[]
  alerted: number[]
  /** A block was made and not yet read. */
  isAwaiting: boolean
}

export const beginBlock = (from: number): OpenBlock => ({ from, sales: [], alerted: [], isAwaiting: false })

export type ClosedBlock = Readonly<{ from: number; to: number; sales: readonly JudgedSale[]; alertedSales: number }>

/**
 * The block that ends as the clock moves on from `clock`: all sales up to it are in, and none after it can be. Null where it does not end.
 */
export function closeBlock(block: OpenBlock, clock: number, { block: { millis, sales, maxMillis } }: LearningSettings): ClosedBlock | null {
  const lasted = clock - block.from
  if (block.isAwaiting || lasted < millis || (block.sales.length < sales && lasted < maxMillis)) return null
  block.isAwaiting = true
  return { from: block.from, to: clock, sales: block.sales, alertedSales: block.alerted.length }
}

/** The block that ended at this time stands in the log: the next one begins there. */
export function confirmBlock(block: OpenBlock, to: number): void {
  block.from = to
  block.sales = block.sales.filter(({ clock }) => clock > to)
  block.alerted = block.alerted.filter((clock) => clock > to)
  block.isAwaiting = false
}
