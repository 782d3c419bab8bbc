import { knobs } from '#lib/backtest/money/settings.ts'
import { median } from '#lib/numbers/median.ts'

export type SuggestedAsk = Readonly<{ usd: number; from: 'similar_sales' | 'forecast' }>

/** As the backtest's seller does: a little below what others paid lately, else below the forecast. */
const ratio = 1 - knobs.undercutRatio.usual

/** @param similarUsd what similar ones sold for, newest first */
export function suggestedAsk(similarUsd: readonly number[], forecastUsd: number): SuggestedAsk {
  const known = similarUsd.slice(0, knobs.offerSales.usual)
  return known.length > 0 ? { usd: ratio * median(known), from: 'similar_sales' } : { usd: ratio * forecastUsd, from: 'forecast' }
}
