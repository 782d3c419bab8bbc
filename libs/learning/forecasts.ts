/** The newest forecasts of each axie on offer, kept until it sells or they are too old to be compared by. */
import type { PriceQuantiles } from '#schemas/types.ts'

export type Forecasts = Readonly<{
  /** The fold's clock at the listing. */
  clock: number
  /** The ask's beginning: who sold before it sold another offer. */
  startedAt: number
  isAlerted: boolean
  /** By model id; all of one listing. */
  quantiles: Readonly<Record<string, PriceQuantiles>>
}>

export interface ForecastMemory {
  /** Takes the place of an older listing's. */
  keep(tokenId: string, forecasts: Forecasts): void
  /** What was said of the axie that was sold, once: null where nothing was, or too long ago. */
  take(tokenId: string, soldAt: number): Forecasts | null
  forgetUpTo(clock: number): void
}

export function createForecastMemory(): ForecastMemory {
  /** In the order in which they were kept. */
  const byToken = new Map<string, Forecasts>()
  return {
    keep(tokenId, forecasts) {
      byToken.delete(tokenId)
      byToken.set(tokenId, forecasts)
    },
    take(tokenId, soldAt) {
      const found = byToken.get(tokenId)
      if (found === undefined || soldAt < found.startedAt) return null
      byToken.delete(tokenId)
      return found
    },
    forgetUpTo(clock) {
      for (const [tokenId, forecasts] of byToken) {
        if (forecasts.clock > clock) return
        byToken.delete(tokenId)
      }
    },
  }
}
