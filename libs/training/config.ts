import { commonSettings } from '#lib/app/common-settings.ts'
import { defineConfig, oneOf } from '#lib/app/config.ts'
import { kafkaSecuritySettings } from '#lib/app/kafka-security.ts'
import { backendChoices } from '#lib/model/network/tfjs-runtime.ts'

export const trainingSettings = defineConfig({
  TF_BACKEND: {
    schema: oneOf(backendChoices),
    default: 'auto',
    description: 'Where the network is trained: tensorflow (native), wasm, cpu (JavaScript), or auto: the first of these that works.',
  },
})

/** What --publish needs beside. */
const { KAFKA_BROKERS, SCHEMA_REGISTRY_URL, S3_ENDPOINT, S3_REGION, S3_BUCKET, S3_ACCESS_KEY, S3_SECRET_KEY, PREFIX } = commonSettings
export const publishingSettings = {
  ...kafkaSecuritySettings,
  KAFKA_BROKERS,
  SCHEMA_REGISTRY_URL,
  S3_ENDPOINT,
  S3_REGION,
  S3_BUCKET,
  S3_ACCESS_KEY,
  S3_SECRET_KEY,
  PREFIX,
}
