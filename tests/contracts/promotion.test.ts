import { expect, test } from 'vitest'
import { systemClock } from '#lib/clock/clock.ts'
import { createCodec } from '#lib/codec/codec.ts'
import { createMemoryRegistry } from '#lib/codec/registry.ts'
import { sendDecisions } from '#lib/decisions/promote.ts'
import { promoteModel } from '#lib/decisions/promote-model.ts'
import { axieFeatures } from '#lib/features/axie-v1.ts'
import { exchangeRateEvent } from '#lib/market/event.ts'
import { topicSettings } from '#lib/market/topics.ts'
import { startTensorRuntime } from '#lib/model/network/tfjs-runtime.ts'
import { smallModel } from '#lib/model/testing/model-samples.ts'
import { createMemoryStore } from '#lib/objectstore/memory-store.ts'
import { createMemoryLog } from '#lib/stream/memory/memory-log.ts'
import { publishModel } from '#lib/training/publish.ts'
import { promotionContract } from './promotion-contract.ts'

const memoryServers = () => ({
  log: createMemoryLog({ clock: systemClock }),
  codec: createCodec({ registry: createMemoryRegistry() }),
  store: createMemoryStore(),
  prefix: 'run.',
  environment: {
    KAFKA_BROKERS: 'memory',
    SCHEMA_REGISTRY_URL: 'http://memory',
    S3_ENDPOINT: 'http://memory',
    S3_ACCESS_KEY: 'none',
    S3_SECRET_KEY: 'none',
  },
})

promotionContract('on the memory log', memoryServers)

test('a market without events has no moment at which a model could take over', async () => {
  const servers = memoryServers()
  await servers.log.admin().createTopics(topicSettings('run.', { partitions: 1 }))
  const promotion = promoteModel({ ...servers, featureSets: [axieFeatures.hash] }, 'dense-1', 'test')
  await expect(promotion).rejects.toMatchObject({ code: 'market_empty' })
  await servers.log.close()
})

test('a model that learnt from another market must not price the live one', async () => {
  const servers = memoryServers()
  await startTensorRuntime('wasm')
  await servers.log.admin().createTopics(topicSettings('run.', { partitions: 1 }))
  await sendDecisions(servers, [exchangeRateEvent({ ethUsd: 3_000 }, { observedAt: 1, origin: 'live', source: 'live' })])
  const bundle = await smallModel(1, { source: 'recorded' })
  await publishModel(servers, bundle)
  const promotion = promoteModel({ ...servers, featureSets: [axieFeatures.hash] }, bundle.modelId, 'test')
  await expect(promotion).rejects.toMatchObject({ code: 'model_source_mismatch' })
  await servers.log.close()
})
