import packageJson from '../../package.json' with { type: 'json' }
import { decimal, defineConfig, integer, oneOf, optionalText, text, url } from './config.ts'
import { kafkaSecuritySettings } from './kafka-security.ts'

/** What every app understands. */
export const commonSettings = defineConfig({
  KAFKA_BROKERS: {
    schema: text().transform((list) => list.split(',').map((broker) => broker.trim())),
    description: 'Kafka bootstrap servers, comma separated.',
  },
  ...kafkaSecuritySettings,
  SCHEMA_REGISTRY_URL: { schema: url(), description: 'Schema registry, Confluent API, with its base path.' },
  S3_ENDPOINT: { schema: url(), description: 'S3-compatible object store.' },
  S3_REGION: { schema: text(), default: 'us-east-1', description: 'Region of the object store.' },
  S3_BUCKET: { schema: text(), default: 'flipstream', description: 'Bucket for archive, models and rules.' },
  S3_ACCESS_KEY: { schema: text(), description: 'Access key of the object store.', secret: true },
  S3_SECRET_KEY: { schema: text(), description: 'Secret key of the object store.', secret: true },
  PREFIX: {
    schema: optionalText().transform((value) => value ?? ''),
    default: '',
    description: 'In front of every topic and group: a run, such as 20261123T064500Z-recorded. (with the dot).',
  },
  PROCESSING_GUARANTEE: {
    schema: oneOf(['exactly_once', 'at_least_once']),
    default: 'exactly_once',
    description: 'exactly_once or at_least_once, as in Kafka Streams.',
  },
  SESSION_TIMEOUT_MILLISECONDS: {
    schema: integer(1_000, 3_600_000),
    default: '10000',
    unit: 'ms',
    description: 'A member silent for so long is expelled from its group.',
  },
  CODE_VERSION: {
    schema: text(),
    default: packageJson.version,
    description:
      'Stands in every scored record, beside forecasts and in the metrics; a replay refuses records of another. Images set the commit.',
  },
  HTTP_HOST: { schema: text(), default: '127.0.0.1', description: 'Where health and metrics are served.' },
  HTTP_PORT: { schema: integer(0, 65_535), default: '0', description: 'Port of health and metrics; 0 takes a free one.' },
  HANG_SECONDS: {
    schema: decimal(1, 3_600),
    default: '60',
    unit: 's',
    description: '/healthz fails when the loop holds work and has not turned for so long.',
  },
  OTEL_EXPORTER_OTLP_ENDPOINT: {
    schema: optionalText().pipe(url().nullable()),
    default: '',
    description: 'Collector of traces, OTLP over HTTP, such as http://otel-collector:4318; empty: no traces.',
  },
  OTEL_TRACES_SAMPLER_ARG: { schema: decimal(0, 1), default: '1', description: 'Share of listings that the collector begins a trace for.' },
  LOG_LEVEL: {
    schema: oneOf(['trace', 'debug', 'info', 'warn', 'error', 'silent']),
    default: 'info',
    description: 'Least severe level that is logged.',
  },
})

const nowhere = 'http://unused.invalid'

/** Those of an app that needs no store, above the others: it runs without address and keys, and what tried to use it would fail. */
export const settingsWithoutStore = defineConfig({
  S3_ENDPOINT: { ...commonSettings.S3_ENDPOINT, default: nowhere },
  S3_ACCESS_KEY: { ...commonSettings.S3_ACCESS_KEY, default: 'unused' },
  S3_SECRET_KEY: { ...commonSettings.S3_SECRET_KEY, default: 'unused' },
})

export const hasStore = ({ S3_ENDPOINT }: Readonly<{ S3_ENDPOINT: string }>): boolean => new URL(S3_ENDPOINT).origin !== nowhere
