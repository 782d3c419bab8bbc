import type { AppContext } from '#lib/app/app.ts'
import { topicName } from '#lib/market/topics.ts'
import type { Follower } from '#lib/stream/log.ts'

/**
 * Loads a model when topic `models` announces it, before any listing names it, so that its promotion costs no latency.
 * Only the newest of those announced in one go (at the start: all there are); the rest are loaded when they are asked for.
 */
export async function preloadAnnounced(
  { log, codec, logger, prefix }: AppContext,
  load: (modelId: string) => Promise<void>,
): Promise<Follower> {
  const following = await log.follow([topicName(prefix, 'models')], async (records) => {
    const newest = records.findLast(({ value }) => value !== null)
    if (newest?.value == null) return
    try {
      const { modelId } = await codec.decode('ModelAnnounced', newest.value)
      await load(modelId)
    } catch (error) {
      logger.warn({ err: error }, 'an announced model could not be loaded ahead of time: it will be when a listing names it')
    }
  })
  return following
}
