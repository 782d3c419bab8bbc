/**
 * The level of the market once more, free of what happened to be sold: e = log price less the axie's own effect is what one sale says
 * about the market alone, and this level is the robust mean of e over spans of time. Besides the market: by class, and by price tier,
 * since cheap and dear axies drift apart.
 */
import { axieClasses } from '#lib/axie/classes.ts'
import { createRollingLevels, type Levels } from './rolling-level.ts'

/** Lower bounds of all tiers but the first, as item effects. */
export const tierBounds = [-0.25, -0.1, 0.05, 0.3, 0.7, 1.2] as const

const tierOf = (effect: number): number => tierBounds.filter((bound) => effect >= bound).length

export interface ResidualLevels {
  /** Takes a sale in, and answers e less the level of e just before (as `RollingLevels.add`). Null where there was none. */
  add(sale: Readonly<{ soldAt: number; logPrice: number; effect: number; classNumber: number }>): number | null
  /** Over spans that end at this time: of the market, of a class, and of the tier of such an effect. Valid until the next call. */
  at(time: number, classNumber: number, effect: number): Readonly<{ market: Levels; class: Levels; tier: Levels }>
  dropUpTo(time: number): void
  /** Prices in memory. */
  size(): number
}

export function createResidualLevels(): ResidualLevels {
  const byClass = createRollingLevels(axieClasses.length)
  const byTier = createRollingLevels(tierBounds.length + 1)
  return {
    add({ soldAt, logPrice, effect, classNumber }) {
      const adjusted = { soldAt, logPrice: logPrice - effect }
      byTier.add({ ...adjusted, group: tierOf(effect) })
      const level = byClass.add({ ...adjusted, group: classNumber })
      return level === null ? null : adjusted.logPrice - level
    },
    at(time, classNumber, effect) {
      const { market, group } = byClass.at(time, classNumber)
      return { market, class: group, tier: byTier.at(time, tierOf(effect)).group }
    },
    dropUpTo(time) {
      byClass.dropUpTo(time)
      byTier.dropUpTo(time)
    },
    size: () => byClass.size() + byTier.size(),
  }
}
