import { axieClasses, classNumber } from '#lib/axie/classes.ts'
import { createLeaderboard } from '#lib/axie/combo-score.ts'
import { profileOf } from '#lib/axie/profile.ts'
import type { ItemVector } from '#lib/features/item-vector.ts'
import { payloadOf } from '#lib/market/event.ts'
import { createRollingLevels } from '#lib/market/levels/rolling-level.ts'
import type { ItemSales, KnownLeaderboard } from '#lib/model/item/item-effects.ts'
import type { MarketEvent } from '#schemas/types.ts'

/**
 * What an item model learns from: what each axie is, and what it fetched beside the market's level just before, as the fold will reckon
 * it; each with the leaderboard that was known. Sales without a level (the very first) and without dollars are left out.
 */
export function itemSalesOf(events: readonly MarketEvent[], vector: ItemVector): ItemSales {
  const width = vector.columns.length
  const levels = createRollingLevels(axieClasses.length)
  const vectors = new Float32Array(events.length * width)
  const relatives = new Float64Array(events.length)
  const times = new Float64Array(events.length)
  const leaderboards: KnownLeaderboard[] = []
  let sales = 0
  for (const event of events) {
    const { kind, value } = payloadOf(event)
    if (kind === 'LeaderboardSnapshot')
      leaderboards.push({ knownFrom: event.observedAt, axies: value.axies, combos: createLeaderboard(value.axies) })
    if (kind !== 'Sale' || value.priceUsd === null || value.item.parts.length === 0) continue
    const profile = profileOf(value.item)
    const logPrice = Math.log(Number(value.priceUsd))
    const level = levels.add({ soldAt: value.soldAt, logPrice, group: classNumber(profile.class) })
    if (level === null) continue
    vector.write(profile, leaderboards.at(-1)?.combos.comboOf(profile) ?? null, vectors, sales * width)
    relatives[sales] = logPrice - level
    times[sales] = value.soldAt
    sales++
  }
  return {
    vector,
    vectors: vectors.subarray(0, sales * width),
    relatives: relatives.subarray(0, sales),
    times: times.subarray(0, sales),
    leaderboards,
  }
}
