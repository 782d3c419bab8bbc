import type { Codec } from '#lib/codec/codec.ts'
import { decodeKnown } from '#lib/codec/decode-known.ts'
import { isPromotion, payloadOf } from '#lib/market/event.ts'
import { topicName } from '#lib/market/topics.ts'
import type { Log, LogRecord } from '#lib/stream/log.ts'
import type { ModelAnnounced, Source } from '#schemas/types.ts'

/** One decision about which model prices, in the order of the market's events. */
export type PromotionMade = Readonly<{
  modelId: string
  /** On the market's clock, milliseconds. */
  at: number
  reason: string
}>

/** Which models there are, and which of them priced when: read from the log, where all of it is decided. */
export type Models = Readonly<{
  /** By id, in the order in which they were announced last. */
  announced: ReadonlyMap<string, ModelAnnounced>
  promotions: readonly PromotionMade[]
  /** Whether all that ever was in the market's events is still there: else older promotions may be forgotten, though in force. */
  isWhole: boolean
  /** What the newest event of the market says: the time on its clock, and which market it is. Null of an empty one. */
  market: Readonly<{ clock: number; source: Source }> | null
}>

/** Reads both topics from their beginning to what is visible now. A value that cannot be decoded is passed over: apps refuse it, too. */
export async function readModels({ log, codec, prefix }: { log: Log; codec: Codec; prefix: string }): Promise<Models> {
  const announced = new Map<string, ModelAnnounced>()
  const promotions: PromotionMade[] = []
  let market: { clock: number; source: Source } | null = null
  let isWhole = true
  const [modelsTopic, eventsTopic] = [topicName(prefix, 'models'), topicName(prefix, 'market.events')]
  const startAt = ({ topic, first }: { topic: string; first: number }): number => {
    if (topic === eventsTopic && first > 0) isWhole = false
    return first
  }
  const take = async (records: readonly LogRecord[]): Promise<void> => {
    for (const { topic, key, value } of records) {
      if (topic === modelsTopic) {
        if (key !== null) announced.delete(key)
        const model = await decodeKnown(codec, 'ModelAnnounced', value)
        if (model !== null) announced.set(model.modelId, model)
      } else {
        const event = await decodeKnown(codec, 'MarketEvent', value)
        if (event === null) continue
        market = { clock: Math.max(market?.clock ?? 0, event.observedAt), source: event.source }
        const payload = payloadOf(event)
        if (!isPromotion(payload)) continue
        promotions.push({ modelId: payload.value.modelId, at: event.observedAt, reason: payload.value.reason })
      }
    }
  }
  const following = await log.follow([modelsTopic, eventsTopic], take, { startAt })
  await Promise.race([following.caughtUp, following.finished])
  await following.stop()
  return { announced, promotions, isWhole, market }
}

/** The model in force: the last one promoted. */
export const championOf = ({ promotions }: Models): string | null => promotions.at(-1)?.modelId ?? null

/** The model that was in force before the one that is: what a rollback goes back to. */
export function predecessorOf(models: Models): string | null {
  const champion = championOf(models)
  return models.promotions.findLast(({ modelId }) => modelId !== champion)?.modelId ?? null
}
