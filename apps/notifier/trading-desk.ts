import type { AppContext } from '#lib/app/app.ts'
import type { Clock } from '#lib/clock/clock.ts'
import type { Codec } from '#lib/codec/codec.ts'
import { decodeKnown } from '#lib/codec/decode-known.ts'
import type { Silence } from '#lib/decisions/controls.ts'
import { createRecent } from '#lib/live/recent.ts'
import { marketFeeRatio } from '#lib/market/fee.ts'
import { topicName } from '#lib/market/topics.ts'
import { type Limits, limitPassed } from '#lib/positions/limits.ts'
import { createPositionBook } from '#lib/positions/position-book.ts'
import { netOf } from '#lib/positions/position-result.ts'
import { watchPositions } from '#lib/positions/position-watch.ts'
import { createPositionWriter } from '#lib/positions/position-writer.ts'
import { allFinished } from '#lib/stream/awaited-later.ts'
import type { Log, LogRecord, Producer } from '#lib/stream/log.ts'
import { signedUsd, usd as usdText } from '#lib/words/format.ts'
import type { Alert, Position } from '#schemas/types.ts'
import type { settings } from './config.ts'
import { plain } from './discord-text.ts'

/** Whose positions the limits are about: operators speak for it. */
export const mainAccount = 'main'

/** What people bought by our alerts, and whether another purchase is within their limits. */
export interface TradingDesk {
  /** Why nobody is told of it: buying it would pass this limit of account main; null: it would pass none. */
  beyondLimit(alert: Alert): Silence | null
  /** In words, once it is durable. RejectedError for what cannot be true. */
  bought(purchase: Readonly<{ account: string; tokenId: string; alertId: string | null; usd: number | null; by: string }>): Promise<string>
  sold(sale: Readonly<{ account: string; tokenId: string; usd: number | null }>): Promise<string>
  /** What accounts bought, newest first. */
  positions(): readonly Position[]
  readonly finished: Promise<void>
  stop(): Promise<void>
}

export type TradingDeskOptions = Readonly<{
  log: Pick<Log, 'follow'>
  producer: Producer
  codec: Codec
  prefix: string
  clock: Clock
  limits: Limits
  onUnreadable?: () => void
  onTrouble(problem: string): void
}>

/** Alerts that are remembered of each partition: what was bought is said to have cost what they asked. */
const rememberedAlerts = 2_000

/** Follows topics `positions` and `alerts`, and the sales that end positions; resolves when all that was said so far is known. */
export async function openTradingDesk(options: TradingDeskOptions): Promise<TradingDesk> {
  const { log, producer, codec, prefix, clock, limits, onUnreadable } = options
  const book = createPositionBook()
  const alerts = createRecent<Alert>(rememberedAlerts)
  const positionsTopic = topicName(prefix, 'positions')
  const take = async ({ topic, value }: LogRecord): Promise<void> => {
    if (topic === positionsTopic) {
      const position = await decodeKnown(codec, 'Position', value, onUnreadable)
      if (position !== null) book.take(position)
    } else {
      const alert = await decodeKnown(codec, 'Alert', value)
      if (alert !== null) alerts.set(alert.alertId, alert)
    }
  }
  const follower = await log.follow(
    [positionsTopic, topicName(prefix, 'alerts')],
    async (records) => {
      for (const record of records) await take(record)
    },
    { startAt: ({ topic, first, next }) => (topic === positionsTopic ? first : Math.max(first, next - rememberedAlerts)) },
  )
  await Promise.race([follower.caughtUp, follower.finished])

  const writer = createPositionWriter({ producer, codec, prefix, book })
  const watch = await watchPositions({ ...options, book, writer })
  const alertOf = (tokenId: string, alertId: string | null): Alert | null =>
    (alertId === null
      ? alerts.newest(rememberedAlerts).find(({ scored }) => scored.listing.item.tokenId === tokenId)
      : alerts.get(alertId)) ?? null

  return {
    beyondLimit(alert) {
      const positions = book.all().filter(({ account }) => account === mainAccount)
      const passed = limitPassed(limits, { positions, now: clock.now(), feeRatio: marketFeeRatio }, alert)
      return passed && { type: 'limit', reason: passed.reason }
    },
    async bought({ alertId, ...purchase }) {
      const alert = alertOf(purchase.tokenId, alertId)
      const { account, tokenId, boughtUsd } = await writer.bought({ ...purchase, alert, at: clock.now() })
      return `Noted: ${plain(account)} bought #${plain(tokenId, 24)} for ${usdText(boughtUsd)}. What it sells for will be counted.`
    },
    sold: async (sale) => `Noted: ${resultText(await writer.sold({ ...sale, at: clock.now(), by: 'said' }))}`,
    positions: book.all,
    finished: allFinished([follower, watch]),
    async stop() {
      await watch.stop()
      await follower.stop()
    },
  }
}

export const limitsOf = (config: AppContext<typeof settings>['config']): Limits => ({
  bankroll: config.LIMIT_BANKROLL,
  perTrade: config.LIMIT_PER_TRADE,
  perDay: config.LIMIT_PER_DAY,
  maxOpen: config.LIMIT_MAX_OPEN,
  perClass: config.LIMIT_PER_CLASS,
  perSeller: config.LIMIT_PER_SELLER,
  perRule: config.LIMIT_PER_RULE,
})

/** What a position that has ended came to. */
export const resultText = (position: Position): string => {
  const { account, tokenId, boughtUsd, soldUsd } = position
  const result = signedUsd(netOf(position))
  return `${plain(account)} sold #${plain(tokenId, 24)} for ${usdText(soldUsd ?? 0)}, bought for ${usdText(boughtUsd)}: ${result} after the fee.`
}
