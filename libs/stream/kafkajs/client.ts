import './offset-reset-patch.ts'
import './request-queue-patch.ts'
import './aborted-records-patch.ts'
import './forgotten-answers-patch.ts'
import './coordinator-patch.ts'
import './fetch-patch.ts'
import './record-patch.ts'
import type { ConnectionOptions } from 'node:tls'
import { type Kafka, type logCreator, logLevel, type SASLOptions } from 'kafkajs'
import { systemClock } from '#lib/clock/clock.ts'
import { partitionOfKey } from '#lib/stream/partitioner.ts'
import type { Logger } from '#lib/telemetry/logger.ts'
import { PatchedKafka } from './send-patch.ts'
import { withKnownClusters } from './topic-id-patch.ts'

export type KafkajsClientOptions = Readonly<{
  /** `host:port` each. */
  brokers: readonly string[]
  /** Names this process in the broker's logs and quotas. */
  clientId: string
  logger: Logger
  /** TLS: true, or Node's options for it (ca, cert, key). */
  ssl?: ConnectionOptions | boolean
  sasl?: SASLOptions
  /** Only for the tests that show what kafkajs does without our mended sending. */
  client?: typeof Kafka
}>

/**
 * How long kafkajs itself tries before it gives up with an error of ours: about 5 s against a broker that refuses connections. What goes
 * beyond is our own back-off, which everyone can see.
 */
export const clientRetry = { initialRetryTime: 50, maxRetryTime: 1_000, factor: 0.2, multiplier: 2, retries: 8 }

/** kafkajs with its patches, quiet logs and the partitioner that all adapters share. */
export function createKafka({ brokers, clientId, logger, ssl, sasl, client = PatchedKafka }: KafkajsClientOptions): Kafka {
  return new (withKnownClusters(client))({
    brokers: [...brokers],
    clientId,
    ...(ssl !== undefined && { ssl }),
    ...(sasl !== undefined && { sasl }),
    connectionTimeout: 3_000,
    requestTimeout: 15_000,
    retry: clientRetry,
    logLevel: logger.isLevelEnabled('debug') ? logLevel.INFO : logLevel.WARN,
    logCreator: logTo(logger),
  })
}

/** For kafkajs's producers: as `partitionOfKey`, unless a partition is named. */
export const createPartitioner =
  () =>
  ({ partitionMetadata, message }: { partitionMetadata: readonly unknown[]; message: { key?: unknown; partition?: number } }): number =>
    message.partition ?? partitionOfKey(message.key as string, partitionMetadata.length)

/** Said by kafkajs as errors, but part of normal work: markers of the transaction before still being written, a group that rebalances. */
const normal =
  /concurrent operation|CONCURRENT_TRANSACTIONS|rebalanc|not aware of this member|Limiting retries for the idempotent producer/i
const repeatMillis = 10_000

/**
 * Whatever matters comes as an error to whoever asked, and is logged there. What kafkajs says beside that is a warning at most,
 * the same line once in ten seconds: a broker that is away makes it talk a lot.
 */
function logTo(logger: Logger): logCreator {
  const said = new Map<string, number>()
  return () =>
    ({ namespace, level, log }) => {
      const { message, timestamp: _, logger: __, stack: ___, ...details } = log
      const line = `kafkajs ${namespace}: ${message}`
      if (level !== logLevel.ERROR || normal.test(`${message} ${details['error'] ?? ''}`)) return logger.debug(details, line)
      const now = systemClock.monotonic()
      if (now - (said.get(line) ?? Number.NEGATIVE_INFINITY) < repeatMillis) return
      if (said.size > 1_000) said.clear()
      said.set(line, now)
      logger.warn(details, line)
    }
}
