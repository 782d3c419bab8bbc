/** A listing is forecast by all lanes; when its axie sells, each forecast has a loss. */
import { itemKey } from '#lib/market/event.ts'
import { exchangeRateMillis } from '#lib/market/horizons.ts'
import { readEvent } from '#lib/market/read-event.ts'
import type { RuleSet } from '#lib/rules/rule-set.ts'
import { type AlerterState, createAlerterProcessor } from '#lib/stages/alerter.ts'
import type { LogRecord } from '#lib/stream/log.ts'
import type { Output } from '#lib/stream/processor.ts'
import type { MarketEvent, PriceQuantiles, ScoredListing, ShadowForecast, Source } from '#schemas/types.ts'
import type { ForecastMemory } from './forecasts.ts'
import type { JudgeState } from './judge.ts'
import { lossOf } from './loss.ts'
import type { OpenBlock } from './open-block.ts'
import type { LearningSettings } from './settings.ts'
import { similarSalesForecast } from './similar-sales-rule.ts'
import { ruleId } from './verdict.ts'

/** What the learner itself remembers of the market. */
export type Market = Readonly<{ clock: number; source: Source; ethUsd: Readonly<{ usd: number; knownAt: number }> | null }>

type Remembered = Readonly<{ judge: JudgeState; forecasts: ForecastMemory; alerter: AlerterState; block: OpenBlock; market: Market }>

const nowhere: Omit<LogRecord, 'value'> = { topic: 'learner', partition: 0, offset: 0, timestamp: 0, key: null, headers: {} }

/** Keeps what was said of a listing, and answers what the shadows said, for people and the archive. */
export function takeListing(
  { judge, forecasts, alerter, market }: Remembered,
  scored: ScoredListing,
  shadows: readonly ScoredListing[],
  { settings, ruleSet }: Readonly<{ settings: LearningSettings; ruleSet: (hash: string) => RuleSet | undefined }>,
): Output<ShadowForecast>[] {
  const { listing, quantilesUsd: championQuantilesUsd } = scored
  const [alert] = createAlerterProcessor({ ruleSet }).process([{ value: scored, record: nowhere }], alerter)
  const rule = similarSalesForecast(listing.context, settings.ruleSpread)
  const all: [string, PriceQuantiles][] = [scored, ...shadows].map(({ modelId, quantilesUsd }) => [modelId, quantilesUsd])
  forecasts.keep(listing.item.tokenId, {
    clock: market.clock,
    startedAt: listing.ask.startedAt,
    isAlerted: alert?.type === 'emit',
    quantiles: Object.fromEntries(rule === null ? all : [...all, [ruleId, rule]]),
  })
  return shadows.map(({ modelId, quantilesUsd }) => ({
    topic: 'listings.shadow',
    key: itemKey(listing.item.tokenId),
    value: {
      listingId: listing.listingId,
      modelId,
      role: judge.challenger?.modelId === modelId ? 'challenger' : 'previous',
      observedAt: listing.observedAt,
      askUsd: listing.ask.usd,
      quantilesUsd,
      championQuantilesUsd,
    },
  }))
}

/** A sale of an axie that was forecast: what each forecast lost. Of an alerted listing it is only counted: our own users made it. */
export function takeSale({ forecasts, block, market }: Remembered, event: MarketEvent): void {
  const content = readEvent(event)
  if (content.kind !== 'sale') return
  const { sale, usd, eth } = content
  const found = forecasts.take(sale.item.tokenId, sale.soldAt)
  const price = usd ?? priceOf(eth, market)
  if (found === null || price === null) return
  if (found.isAlerted) block.alerted.push(market.clock)
  else {
    const losses = Object.entries(found.quantiles).map(([modelId, quantiles]) => [modelId, lossOf(quantiles, price)])
    block.sales.push({ clock: market.clock, losses: Object.fromEntries(losses) })
  }
}

function priceOf(eth: number, { clock, ethUsd }: Market): number | null {
  if (ethUsd === null || Number.isNaN(eth) || ethUsd.knownAt <= clock - exchangeRateMillis) return null
  return eth * ethUsd.usd
}
