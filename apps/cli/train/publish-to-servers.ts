import type { Config } from '#lib/app/config.ts'
import { createLogger } from '#lib/telemetry/logger.ts'
import type { publishingSettings } from '#lib/training/config.ts'
import { openTrainingServers } from '#lib/training/open-servers.ts'
import { publishModel, saveDataset } from '#lib/training/publish.ts'
import type { Training } from '#lib/training/train-from-sales.ts'
import type { TrainArguments } from './arguments.ts'
import { type Promotion, promoteIfBetter } from './promote-if-better.ts'

/** `publishModel` on the servers that the environment names, and `promoteIfBetter` where asked for; null where not. */
export async function publishToServers(
  config: Config<typeof publishingSettings>,
  training: Training,
  promote: TrainArguments['promote'],
): Promise<Promotion | null> {
  const logger = createLogger('train', 'warn')
  const servers = openTrainingServers(config, 'train', logger)
  try {
    const { bundle, sales } = training
    await saveDataset(servers.store, sales.dataset)
    await publishModel(servers, bundle)
    if (promote === null) return null
    const promotion = await promoteIfBetter(servers, training, promote.maxWorsening)
    if (!promotion.promote) logger.warn({ modelId: bundle.modelId, ...promotion }, 'the new model is published, and not promoted')
    return promotion
  } finally {
    await servers.log.close()
  }
}
