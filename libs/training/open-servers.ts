import type { Config } from '#lib/app/config.ts'
import { kafkaSecurity } from '#lib/app/kafka-security.ts'
import { type Codec, createCodec } from '#lib/codec/codec.ts'
import { createRegistry } from '#lib/codec/confluent-registry.ts'
import type { ObjectStore } from '#lib/objectstore/object-store.ts'
import { createS3Store } from '#lib/objectstore/s3-store.ts'
import { createKafkajsLog } from '#lib/stream/kafkajs/kafkajs-log.ts'
import type { Log } from '#lib/stream/log.ts'
import type { Logger } from '#lib/telemetry/logger.ts'
import type { publishingSettings } from './config.ts'

export type TrainingServers = Readonly<{ log: Log; codec: Codec; store: ObjectStore; prefix: string }>

/** The servers that a training's settings name. Whoever opens them closes the log. `name`: of this client, to the brokers. */
export function openTrainingServers(config: Config<typeof publishingSettings>, name: string, logger: Logger): TrainingServers {
  return {
    prefix: config.PREFIX,
    log: createKafkajsLog({ brokers: config.KAFKA_BROKERS, clientId: `${config.PREFIX}${name}`, logger, ...kafkaSecurity(config) }),
    codec: createCodec({
      registry: createRegistry({ url: config.SCHEMA_REGISTRY_URL }),
      onWait: (problem, attempt) => logger.warn({ problem, attempt }, 'waiting for the schema registry'),
    }),
    store: createS3Store({
      endpoint: config.S3_ENDPOINT,
      region: config.S3_REGION,
      bucket: config.S3_BUCKET,
      accessKey: config.S3_ACCESS_KEY,
      secretKey: config.S3_SECRET_KEY,
    }),
  }
}
