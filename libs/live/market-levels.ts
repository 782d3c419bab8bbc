import { axieClasses } from '#lib/axie/classes.ts'
import { hourMillis } from '#lib/clock/durations.ts'
import type { RollingLevels } from '#lib/market/levels/rolling-level.ts'

/** Where the market and each class stood at a moment of market time: midmeans of the sales of 24 hours before it, in dollars. */
export type LevelSample = Readonly<{ at: number; market: number | null; classes: readonly (number | null)[] }>

export type MarketLevels = Readonly<{
  /** To be called with the time that the next sale was known, before it is folded: samples the full hours that lie between. */
  before(observedAt: number): void
  /** One sample an hour of market time, oldest first. */
  samples(): readonly LevelSample[]
  /** As of the fold's clock; null before the first event. */
  now(clock: number): LevelSample | null
}>

const everyMillis = hourMillis

export function createMarketLevels({ levels, capacity }: { levels: RollingLevels; capacity: number }): MarketLevels {
  const samples: LevelSample[] = []
  let sampledHour: number | null = null

  const sampleAt = (at: number): LevelSample => {
    const usd = (logUsd: number | null) => (logUsd === null ? null : Math.exp(logUsd))
    const classes = axieClasses.map((_, number) => usd(levels.at(at, number).group.hours24.midmean()))
    return { at, market: usd(levels.at(at, 0).market.hours24.midmean()), classes }
  }

  return {
    before(observedAt) {
      const hour = Math.floor(observedAt / everyMillis)
      // After a gap without events only the newest hours are worth a sample.
      const first = Math.max((sampledHour ?? hour) + 1, hour - capacity + 1)
      for (let next = first; next <= hour; next++) samples.push(sampleAt(next * everyMillis))
      if (samples.length > capacity) samples.splice(0, samples.length - capacity)
      sampledHour = Math.max(sampledHour ?? hour, hour)
    },
    samples: () => samples,
    now: (clock) => (Number.isFinite(clock) ? sampleAt(clock) : null),
  }
}
