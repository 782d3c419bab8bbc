import type { Codec } from '#lib/codec/codec.ts'
import { decodeKnown } from '#lib/codec/decode-known.ts'
import { topicName } from '#lib/market/topics.ts'
import type { Log, LogRecord } from '#lib/stream/log.ts'
import type { ModelAnnounced } from '#schemas/types.ts'
import { createModelHistory, type ModelHistory } from './model-history.ts'

/** Which models there are, and which of them priced when: read from the log, where all of it is decided. */
export type Models = ModelHistory &
  Readonly<{
    /** By id, in the order in which they were announced last. */
    announced: ReadonlyMap<string, ModelAnnounced>
    /** Whether all that ever was in the market's events is still there: else older promotions may be forgotten, though in force. */
    isWhole: boolean
  }>

/** Reads both topics from their beginning to what is visible now. A value that cannot be decoded is passed over: apps refuse it, too. */
export async function readModels({ log, codec, prefix }: { log: Log; codec: Codec; prefix: string }): Promise<Models> {
  const announced = new Map<string, ModelAnnounced>()
  let isWhole = true
  const { take: takeEvent, history } = createModelHistory(() => isWhole)
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
        if (event !== null) takeEvent(event)
      }
    }
  }
  const following = await log.follow([modelsTopic, eventsTopic], take, { startAt })
  await Promise.race([following.caughtUp, following.finished])
  await following.stop()
  return { announced, isWhole, ...history() }
}

/** The model in force: the last one promoted. */
export const championOf = ({ promotions }: Pick<Models, 'promotions'>): string | null => promotions.at(-1)?.modelId ?? null

/** The model that was in force before the one that is, and is not barred: what a rollback goes back to. */
export function predecessorOf(models: Models): string | null {
  const champion = championOf(models)
  return models.promotions.findLast(({ modelId }) => modelId !== champion && !models.barred.has(modelId))?.modelId ?? null
}
