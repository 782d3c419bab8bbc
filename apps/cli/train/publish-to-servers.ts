import type { Config } from '#lib/app/config.ts'
import { kafkaSecurity } from '#lib/app/kafka-security.ts'
import { createCodec } from '#lib/codec/codec.ts'
import { createRegistry } from '#lib/codec/confluent-registry.ts'
import { createS3Store } from '#lib/objectstore/s3-store.ts'
import { createKafkajsLog } from '#lib/stream/kafkajs/kafkajs-log.ts'
import { createLogger } from '#lib/telemetry/logger.ts'
import type { publishingSettings } from '#lib/training/config.ts'
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
  const log = createKafkajsLog({ brokers: config.KAFKA_BROKERS, clientId: `${config.PREFIX}train`, logger, ...kafkaSecurity(config) })
  try {
    const codec = createCodec({
      registry: createRegistry({ url: config.SCHEMA_REGISTRY_URL }),
      onWait: (problem, attempt) => logger.warn({ problem, attempt }, 'waiting for the schema registry'),
    })
    const store = createS3Store({
      endpoint: config.S3_ENDPOINT,
      region: config.S3_REGION,
      bucket: config.S3_BUCKET,
      accessKey: config.S3_ACCESS_KEY,
      secretKey: config.S3_SECRET_KEY,
    })
    const servers = { log, codec, store, prefix: config.PREFIX }
    const { bundle, sales } = training
    await saveDataset(store, sales.dataset)
    await publishModel(servers, bundle)
    if (promote === null) return null
    const promotion = await promoteIfBetter(servers, training, promote.mostWorse)
    if (!promotion.promote) logger.warn({ modelId: bundle.modelId, ...promotion }, 'the new model is published, and not promoted')
    return promotion
  } finally {
    await log.close()
  }
}
