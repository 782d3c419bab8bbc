import type { Config } from '#lib/app/config.ts'
import { kafkaSecurity } from '#lib/app/kafka-security.ts'
import { createCodec } from '#lib/codec/codec.ts'
import { createRegistry } from '#lib/codec/registry.ts'
import type { SealedBundle } from '#lib/model/bundle.ts'
import { createS3Store } from '#lib/objectstore/s3-store.ts'
import { createKafkajsLog } from '#lib/stream/kafkajs-log.ts'
import { createLogger } from '#lib/telemetry/logger.ts'
import type { publishingSettings } from './config.ts'
import { publishModel, saveDataset } from './publish.ts'
import type { DatasetIdentity } from './training-sales.ts'

/** `publishModel` on the servers that the environment names. */
export async function publishToServers(
  config: Config<typeof publishingSettings>,
  bundle: SealedBundle,
  dataset: DatasetIdentity,
): Promise<void> {
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
    await saveDataset(store, dataset)
    await publishModel({ log, codec, store, prefix: config.PREFIX }, bundle)
  } finally {
    await log.close()
  }
}
