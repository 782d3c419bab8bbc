import type { PriceQuantiles } from '#schemas/types.ts'
import { type Run, run } from './terminal-text.ts'

/**
 * The forecast and the ask on one logarithmic line: ── 5% to 95%, ━━ the middle half, ◆ the median, ▼ the ask.
 * Null where there is nothing to draw (numbers that are not, or not positive).
 */
export function priceBar({ q05, q25, q50, q75, q95 }: PriceQuantiles, askUsd: number, width: number): Run[] | null {
  const marks = [askUsd, q05, q25, q50, q75, q95]
  if (!marks.every((value) => value > 0 && Number.isFinite(value))) return null
  const low = Math.log(Math.min(...marks))
  const high = Math.log(Math.max(...marks))
  if (high - low < 1e-9) return null
  const column = (value: number) => Math.round(((Math.log(value) - low) / (high - low)) * (width - 1))
  const cell = (index: number): Run => {
    if (index === column(askUsd)) return run('▼', 'goodBold')
    if (index === column(q50)) return run('◆', 'bold')
    if (index >= column(q25) && index <= column(q75)) return run('━', 'range')
    if (index >= column(q05) && index <= column(q95)) return run('─', 'dim')
    return run('·', 'dim')
  }
  return Array.from({ length: width }, (_, index) => cell(index))
}
