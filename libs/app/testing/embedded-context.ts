import type { AppContext } from '#lib/app/app.ts'
import { commonSettings } from '#lib/app/common-settings.ts'
import { parseConfig, type Settings } from '#lib/app/config.ts'
import { type Clock, systemClock } from '#lib/clock/clock.ts'
import { createCodec } from '#lib/codec/codec.ts'
import { createMemoryRegistry } from '#lib/codec/registry.ts'
import { topicSettings } from '#lib/market/topics.ts'
import { createMemoryStore } from '#lib/objectstore/memory-store.ts'
import type { ObjectStore } from '#lib/objectstore/object-store.ts'
import { createMemoryLog, type MemoryLog } from '#lib/stream/memory/memory-log.ts'
import { createHealth } from '#lib/telemetry/health.ts'
import { createLogger } from '#lib/telemetry/logger.ts'
import { createMetrics } from '#lib/telemetry/metrics.ts'

export const embeddedPrefix = 'run.'

/** For tests: everything an app touches of the world, in memory. Give the same `log`, `codec` and `store` to a second one to play a restart. */
export async function createEmbeddedContext<S extends Settings>(
  settings: S,
  options: {
    env?: Record<string, string>
    store?: ObjectStore
    clock?: Clock
    shared?: Pick<AppContext, 'codec' | 'store'> & { log: MemoryLog }
  } = {},
): Promise<Omit<AppContext<S>, 'log'> & { log: MemoryLog }> {
  const { env = {}, clock = systemClock, shared } = options
  const unused = 'http://127.0.0.1:1'
  const addresses = {
    KAFKA_BROKERS: '127.0.0.1:1',
    SCHEMA_REGISTRY_URL: unused,
    S3_ENDPOINT: unused,
    S3_ACCESS_KEY: 'k',
    S3_SECRET_KEY: 's',
  }
  const config = parseConfig({ ...commonSettings, ...settings }, { ...addresses, PREFIX: embeddedPrefix, ...env })
  const log = shared?.log ?? createMemoryLog({ clock })
  await log.admin().createTopics(topicSettings(embeddedPrefix, { partitions: 2 }))
  return {
    config: config as AppContext<S>['config'],
    prefix: embeddedPrefix,
    clock,
    logger: createLogger('test', 'silent'),
    metrics: createMetrics('test'),
    health: createHealth({ clock }),
    log,
    codec: shared?.codec ?? createCodec({ registry: createMemoryRegistry() }),
    store: options.store ?? shared?.store ?? createMemoryStore(),
  }
}
