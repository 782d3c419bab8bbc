import type { PairedLosses } from '#schemas/types.ts'

/** One sale, and what each model's forecast of it lost. All forecasts are of the same listing. */
export type JudgedSale = Readonly<{
  /** The market's clock when the sale was folded. */
  clock: number
  /** By model id. */
  losses: Readonly<Record<string, number>>
}>

const clipped = (difference: number, clip: number): number => Math.max(-clip, Math.min(clip, difference))

/** Sums over the sales that the champion and another model both forecast, for each other model, by id. */
export function pairLosses(sales: readonly JudgedSale[], champion: string, clip: number): PairedLosses[] {
  const sums = new Map<string, PairedLosses>()
  for (const { losses } of sales) {
    const { [champion]: championLoss, ...others } = losses
    if (championLoss === undefined) continue
    for (const [modelId, loss] of Object.entries(others)) {
      const before = sums.get(modelId) ?? { modelId, sales: 0, championLoss: 0, difference: 0, squares: 0 }
      const difference = clipped(championLoss - loss, clip)
      sums.set(modelId, {
        modelId,
        sales: before.sales + 1,
        championLoss: before.championLoss + championLoss,
        difference: before.difference + difference,
        squares: before.squares + difference * difference,
      })
    }
  }
  return [...sums.values()].sort((one, other) => (one.modelId < other.modelId ? -1 : 1))
}
