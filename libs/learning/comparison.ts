import type { PairedLosses } from '#schemas/types.ts'
import { boundaryOf } from './confidence-sequence.ts'
import type { LearningSettings } from './settings.ts'

/** Running sums over the blocks in which a model was compared with the champion. Small: it is carried beside the committed offset. */
export type Comparison = Readonly<{
  blocks: number
  sales: number
  championLoss: number
  difference: number
  /** Sum of squared deviations of the blocks' sums from what the blocks before made us expect. */
  variance: number
}>

export const noComparison: Comparison = { blocks: 0, sales: 0, championLoss: 0, difference: 0, variance: 0 }

/**
 * Takes a block in. What it was expected to sum up to was known before it (predictable), as the bound asks for.
 *
 * Sales of one hour share the hour's mood, so the variance is that of sums of blocks and not of single sales: where sales do not depend on
 * each other the two are the same on average, and where they do, bounds are as much wider as they must be. It is never less than that of
 * single sales, as few blocks may agree by chance.
 */
export function withBlock(before: Comparison, { sales, championLoss, difference, squares }: PairedLosses): Comparison {
  const expected = before.sales === 0 ? 0 : before.difference / before.sales
  const ofSales = squares - 2 * expected * difference + sales * expected * expected
  const ofBlock = (difference - sales * expected) ** 2
  return {
    blocks: before.blocks + 1,
    sales: before.sales + sales,
    championLoss: before.championLoss + championLoss,
    difference: before.difference + difference,
    variance: before.variance + Math.max(ofSales, ofBlock),
  }
}

/** By how much the other model is better than the champion, as a share of the champion's loss, with bounds that hold at all times. */
export type Better = Readonly<{ better: number; lower: number; upper: number }>

export function betterOf(comparison: Comparison, settings: Pick<LearningSettings, 'alpha' | 'clip' | 'tightFrom'>): Better {
  const { sales, championLoss, difference, variance } = comparison
  if (sales === 0 || championLoss === 0) return { better: 0, lower: Number.NEGATIVE_INFINITY, upper: Number.POSITIVE_INFINITY }
  const width = boundaryOf(variance, boundary(settings))
  return { better: difference / championLoss, lower: (difference - width) / championLoss, upper: (difference + width) / championLoss }
}

const boundary = ({ alpha, clip, tightFrom }: Pick<LearningSettings, 'alpha' | 'clip' | 'tightFrom'>) => ({
  alpha,
  // The range of a difference that is clipped on either side.
  range: 2 * clip,
  tightFrom,
})

/** Beyond this many sales nothing is said of when: the market will have changed by then. */
const farthestSales = 100_000

/**
 * About how many more sales until the bound passes `target`, should all go on as it did. Null where that is not in sight.
 * @param side 1: the lower bound is to rise above the target; -1: the upper bound is to fall below it
 */
export function salesUntil(
  comparison: Comparison,
  target: number,
  side: 1 | -1,
  settings: Pick<LearningSettings, 'alpha' | 'clip' | 'tightFrom'>,
): number | null {
  const { sales, championLoss, difference, variance } = comparison
  if (sales === 0 || side * (difference / championLoss - target) <= 0) return null
  const isThere = (times: number): boolean =>
    side * (difference - target * championLoss) * times > boundaryOf(variance * times, boundary(settings))
  const most = farthestSales / sales
  if (!isThere(most)) return null
  let [low, high] = [1, Math.max(1, most)]
  while (high - low > 0.01) {
    const middle = (low + high) / 2
    if (isThere(middle)) high = middle
    else low = middle
  }
  return Math.max(0, Math.ceil(((high - 1) * sales) / 100) * 100)
}
