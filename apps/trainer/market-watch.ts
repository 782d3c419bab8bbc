import { dayMillis } from '#lib/clock/durations.ts'
import type { Codec } from '#lib/codec/codec.ts'
import { decodeKnown } from '#lib/codec/decode-known.ts'
import type { RetrainingFacts } from '#lib/learning/retraining.ts'
import { type Calibration, type CalibrationScore, createCalibration } from '#lib/live/calibration.ts'
import { isPromotion, payloadOf } from '#lib/market/event.ts'
import { topicName } from '#lib/market/topics.ts'
import { median } from '#lib/numbers/median.ts'
import { allFinished, awaitedLater } from '#lib/stream/awaited-later.ts'
import type { Log, LogRecord } from '#lib/stream/log.ts'
import type { MarketEvent, ModelAnnounced, MoneyEvidence, Sale, ScoredListing, Source } from '#schemas/types.ts'

/** What the topics say of the model in force and of its market: what a training is begun by. */
export interface MarketWatch {
  /** Null before the first event. */
  source(): Source | null
  facts(learntUntil: number | null): RetrainingFacts | null
  /** Resolves when what was visible at the start has been read. */
  readonly caughtUp: Promise<void>
  readonly finished: Promise<void>
  stop(): Promise<void>
}

/** Listings that were priced last, of each partition: enough for the newest sales. */
const rememberedListings = 20_000
const newestSales = 1_000
const fewestSales = 200
const rememberedSales = 200_000
/** Older evidence is about an older model. */
const evidenceMillis = 14 * dayMillis

export async function watchMarket({ log, codec, prefix }: { log: Log; codec: Codec; prefix: string }): Promise<MarketWatch> {
  const market = createMarketFacts()
  const take =
    <Name extends 'MarketEvent' | 'ScoredListing' | 'ModelAnnounced'>(name: Name, note: (value: never) => void) =>
    async (records: readonly LogRecord[]) => {
      for (const { value } of records) {
        const read = await decodeKnown(codec, name, value)
        if (read !== null) note(read as never)
      }
    }
  const newest = ({ first, next }: { first: number; next: number }) => Math.max(first, next - rememberedListings)
  const followers = await Promise.all([
    log.follow([topicName(prefix, 'models')], take('ModelAnnounced', market.announced)),
    log.follow([topicName(prefix, 'market.events')], take('MarketEvent', market.observed)),
    log.follow([topicName(prefix, 'listings.scored')], take('ScoredListing', market.scored), { startAt: newest }),
  ])
  return {
    source: market.source,
    facts: market.facts,
    caughtUp: awaitedLater(Promise.all(followers.map((follower) => follower.caughtUp)).then(() => {})),
    finished: allFinished(followers),
    stop: async () => void (await Promise.all(followers.map((follower) => follower.stop()))),
  }
}

function createMarketFacts() {
  const models = new Map<string, ModelAnnounced>()
  /** When sales became known, and what they fetched; ascending. */
  let sales: { at: number; usd: number | null }[] = []
  const money = new Map<string, MoneyEvidence>()
  let now = Number.NEGATIVE_INFINITY
  let source: Source | null = null
  let champion: string | null = null
  let forecasts = createForecasts()

  const sold = ({ observedAt, origin }: MarketEvent, { item, soldAt, priceUsd }: Sale) => {
    const usd = priceUsd === null ? null : Number(priceUsd)
    sales.push({ at: observedAt, usd })
    if (sales.length > 2 * rememberedSales) sales = sales.slice(-rememberedSales)
    if (origin === 'live' && usd !== null) forecasts.each((one) => one.takeSale({ axieId: item.tokenId, soldAt, observedAt, usd }))
  }

  return {
    source: () => source,
    announced: (model: ModelAnnounced) => void models.set(model.modelId, model),
    observed(event: MarketEvent) {
      now = Math.max(now, event.observedAt)
      source = event.source
      const payload = payloadOf(event)
      if (payload.kind === 'Sale') sold(event, payload.value)
      if (payload.kind === 'MoneyEvidence') money.set(event.eventId, payload.value)
      if (isPromotion(payload) && payload.value.modelId !== champion) {
        champion = payload.value.modelId
        forecasts = createForecasts()
      }
    },
    scored({ listing, modelId, quantilesUsd }: ScoredListing) {
      if (modelId !== champion) return
      const { item, ask, observedAt } = listing
      forecasts.each((one) => one.takeForecast({ axieId: item.tokenId, listedAt: ask.startedAt, observedAt, quantilesUsd }))
    },
    facts(learntUntil: number | null): RetrainingFacts | null {
      if (source === null) return null
      const model = champion === null ? undefined : models.get(champion)
      // One that was promoted and is announced no more says nothing of its age.
      const trainedUntil = model?.trainedUntil ?? now
      const since = Math.max(learntUntil ?? Number.NEGATIVE_INFINITY, trainedUntil)
      const lastDay = sales.filter(({ at }) => at > now - dayMillis).flatMap(({ usd }) => usd ?? [])
      return {
        now,
        champion: champion === null ? null : { trainedUntil, levels: levelsOf(model) },
        learntUntil,
        newSales: sales.filter(({ at }) => at > since).length,
        ...forecasts.figures(),
        level: lastDay.length < fewestSales ? null : median(lastDay),
        money: earningsSince(money.values(), now - evidenceMillis),
      }
    },
  }
}

/** What all rules earned together. */
function earningsSince(evidence: Iterable<MoneyEvidence>, from: number): RetrainingFacts['money'] {
  const newest = [...evidence].filter(({ day }) => Date.parse(day) >= from)
  const sum = (count: (day: MoneyEvidence) => number) => newest.reduce((total, day) => total + count(day), 0)
  return newest.length === 0 ? null : { matured: sum(({ matured }) => matured), gained: sum(({ gained }) => gained) }
}

function levelsOf(model: ModelAnnounced | undefined) {
  const { levelLeast: least, levelMost: most } = model?.metrics ?? {}
  return least === undefined || most === undefined ? null : { least, most }
}

/** How one champion did on its newest sales, and on all of them. */
function createForecasts() {
  const [newest, all] = [newestSales, rememberedListings].map((errors) =>
    createCalibration({ remembered: rememberedListings, errors }),
  ) as [Calibration, Calibration]
  return {
    each(take: (calibration: Calibration) => void) {
      take(newest)
      take(all)
    },
    figures: () => ({ newest: figuresOf(newest.scores().all, fewestSales), before: figuresOf(all.scores().all, 2 * newestSales) }),
  }
}

function figuresOf({ sales, medianError, coverage90 }: CalibrationScore, fewest: number) {
  return sales < fewest || medianError === null || coverage90 === null
    ? null
    : { sales: Math.min(sales, newestSales), medianError, coverage90 }
}
