import type { Clock } from '#lib/clock/clock.ts'
import type { SpentBook } from '#lib/marketplace/spent-book.ts'
import type { KeySpent } from '#schemas/types.ts'
import type { CalibrationScore } from './calibration.ts'
import { type Condition, conditionOf } from './condition.ts'
import type { Feed } from './feed.ts'
import type { LiveView } from './live-view.ts'
import type { LevelSample } from './market-levels.ts'
import type { MarketReader } from './market-reader.ts'
import type { OutcomeSummary, OutcomeTally } from './outcome-tally.ts'
import type { BrokerState, PipelineWatch, StageLag } from './pipeline-watch.ts'
import type { LatencySummary } from './recent-latency.ts'
import type { RulesInForce, RulesShown } from './rules-in-force.ts'

/** How the pipeline is, as page, API and terminal show it. Times in milliseconds: `at`, `since` by our clock, `marketTime` by the market's. */
export type Status = Readonly<{
  at: number
  source: string | null
  /** True unless everything seen came from the real market; null while nothing was seen. */
  simulated: boolean | null
  marketTime: number | null
  condition: Condition
  broker: BrokerState
  caughtUp: boolean
  listingsPerSecond: number
  counts: Readonly<{ scored: number; alerts: number; deadLetters: number }>
  deadLettersByCode: Readonly<Record<string, number>>
  listingToScoredMs: LatencySummary | null
  listingToAlertMs: LatencySummary | null
  stages: readonly StageLag[]
  model: Readonly<{ id: string; trainedUntil: number; ageMillis: number | null; backend: string }> | null
  rules: RulesShown
  calibration: Readonly<{ all: CalibrationScore; alerted: CalibrationScore }>
  outcomes: OutcomeSummary
  levelNow: LevelSample | null
  /** What holds back those who ask the marketplace, the longest first: whose share (null: the key itself), until when by our clock, and why. */
  spent: readonly Pick<KeySpent, 'share' | 'until' | 'by' | 'reason'>[]
}>

export type StatusSources = Readonly<{
  clock: Clock
  view: LiveView
  market: MarketReader
  feed: Feed
  watch: PipelineWatch
  rules: RulesInForce
  calibration: Readonly<{ scores(): Status['calibration'] }>
  tally: OutcomeTally
  spentBook: Pick<SpentBook, 'holding'>
}>

/** Listings a second are counted over this long. */
const rateMillis = 10_000

export function createStatus({ clock, view, market, feed, watch, rules, calibration, tally, spentBook }: StatusSources): () => Status {
  const rate = createRate(clock)
  const quiet = createQuiet(clock)
  return () => {
    const model = view.inForce()
    const source = market.source()
    const marketTime = Number.isFinite(market.state.clock) ? market.state.clock : null
    const { count, byCode } = view.deadLetters()
    const facts = { broker: watch.broker(), caughtUp: feed.isCaughtUp(), stages: watch.lags() }
    const spent = spentBook.holding().map(({ share, until, by, reason }) => ({ share, until, by, reason }))
    return {
      at: clock.now(),
      source,
      simulated: source === null ? null : source !== 'live',
      marketTime,
      condition: conditionOf({ ...facts, marketTime, hasModel: market.state.model !== null, quietMillis: quiet(market.version()), spent }),
      ...facts,
      listingsPerSecond: rate(view.counts().scored),
      counts: { ...view.counts(), deadLetters: count },
      deadLettersByCode: byCode,
      listingToScoredMs: feed.listingToScored(),
      listingToAlertMs: feed.listingToAlert(),
      model:
        model === null
          ? null
          : {
              id: model.modelId,
              trainedUntil: model.trainedUntil,
              ageMillis: marketTime === null ? null : Math.max(0, marketTime - model.trainedUntil),
              backend: model.backend,
            },
      rules: rules.shown(),
      calibration: calibration.scores(),
      outcomes: tally.summary(),
      levelNow: market.levels.now(market.state.clock),
      spent,
    }
  }
}

function createRate(clock: Clock): (total: number) => number {
  const seen: { at: number; total: number }[] = []
  return (total) => {
    const now = clock.monotonic()
    seen.push({ at: now, total })
    while (seen.length > 2 && (seen[1] as { at: number }).at < now - rateMillis) seen.shift()
    const first = seen[0] as { at: number; total: number }
    return now === first.at ? 0 : ((total - first.total) / (now - first.at)) * 1_000
  }
}

/** How long a count has not moved. */
function createQuiet(clock: Clock): (count: number) => number {
  let [last, since] = [Number.NaN, clock.monotonic()]
  return (count) => {
    if (count !== last) since = clock.monotonic()
    last = count
    return clock.monotonic() - since
  }
}
