import { inject } from 'vitest'
import { createCodec } from '#lib/codec/codec.ts'
import { createRegistry } from '#lib/codec/confluent-registry.ts'
import { createS3Store } from '#lib/objectstore/s3-store.ts'
import { createKafkajsLog } from '#lib/stream/kafkajs/kafkajs-log.ts'
import { createLogger } from '#lib/telemetry/logger.ts'
import { bucketName, runPrefix } from '../run-prefix.ts'
import { promotionContract } from './promotion-contract.ts'

promotionContract('on Kafka, with a real registry and object store', () => {
  const { brokers, registryUrl, s3 } = { brokers: inject('brokers'), registryUrl: inject('registryUrl'), s3: inject('s3') }
  return {
    log: createKafkajsLog({ brokers, clientId: 'promotion-test', logger: createLogger('test', 'silent') }),
    codec: createCodec({ registry: createRegistry({ url: registryUrl }) }),
    store: createS3Store({ ...s3, bucket: bucketName('promotion') }),
    prefix: runPrefix('promotion'),
    environment: {
      KAFKA_BROKERS: brokers.join(','),
      SCHEMA_REGISTRY_URL: registryUrl,
      S3_ENDPOINT: s3.endpoint,
      S3_ACCESS_KEY: s3.accessKey,
      S3_SECRET_KEY: s3.secretKey,
    },
  }
})
