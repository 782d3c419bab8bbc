import { expect, inject, it, vi } from 'vitest'
import { commonSettings } from '#lib/app/common-settings.ts'
import { parseConfig } from '#lib/app/config.ts'
import { settings } from '#lib/archive/config.ts'
import { readArchive } from '#lib/archive/read.ts'
import { sampleListingEvent, sampleTime } from '#lib/archive/testing/archive-samples.ts'
import { verifyArchive } from '#lib/archive/verify.ts'
import { systemClock } from '#lib/clock/clock.ts'
import { createCodec } from '#lib/codec/codec.ts'
import { createRegistry } from '#lib/codec/confluent-registry.ts'
import { topicSettings } from '#lib/market/topics.ts'
import { createS3Store } from '#lib/objectstore/s3-store.ts'
import { createKafkajsLog } from '#lib/stream/kafkajs/kafkajs-log.ts'
import type { LogRecord } from '#lib/stream/log.ts'
import { createHealth } from '#lib/telemetry/health.ts'
import { createLogger } from '#lib/telemetry/logger.ts'
import { createMetrics } from '#lib/telemetry/metrics.ts'
import { bucketName, runPrefix } from '../../tests/run-prefix.ts'
import { app } from './main.ts'

it('archiver: what a read-committed reader sees in Kafka is in the store once, across a restart, aborted records left out', async () => {
  const prefix = runPrefix('archiver')
  const topic = `${prefix}market.events`
  const location = { prefix, topic: 'market.events', generation: 1 }
  const { brokers, registryUrl, s3 } = { brokers: inject('brokers'), registryUrl: inject('registryUrl'), s3: inject('s3') }
  const logger = createLogger('test', 'silent')
  const log = createKafkajsLog({ brokers, clientId: 'archiver-test', logger })
  const codec = createCodec({ registry: createRegistry({ url: registryUrl }) })
  const { endpoint, region, accessKey, secretKey } = s3
  const store = createS3Store({ endpoint, region, accessKey, secretKey, bucket: bucketName('archiver') })
  const env = {
    KAFKA_BROKERS: brokers.join(','),
    SCHEMA_REGISTRY_URL: registryUrl,
    S3_ENDPOINT: endpoint,
    S3_ACCESS_KEY: accessKey,
    S3_SECRET_KEY: secretKey,
    PREFIX: prefix,
    ARCHIVE_MAX_RECORDS: '700',
    ARCHIVE_IDLE_SECONDS: '0.5',
  }
  const start = () => {
    const parts = { clock: systemClock, logger, log, codec, store, prefix }
    const config = parseConfig({ ...commonSettings, ...settings }, env)
    return app.start({ ...parts, config, metrics: createMetrics('archiver'), health: createHealth({ clock: systemClock }) })
  }
  await log.admin().createTopics(topicSettings(prefix, { partitions: 1 }))
  await codec.prepare(['MarketEvent'])
  const seen: LogRecord[] = []
  const following = await log.follow([topic], (records) => void seen.push(...records))
  const writer = log.transactionalProducer(`${prefix}writer`)
  await writer.fence()
  let number = 0
  const write = async (count: number, abort = false) => {
    const records = Array.from({ length: count }, () => {
      number++
      const value = codec.encode('MarketEvent', sampleListingEvent(number, sampleTime + number * 3_000))
      return { topic, key: 'axie', value, headers: { 'collected-at': String(systemClock.now()) } }
    })
    const transaction = writer.commitTransaction({
      records,
      ...(abort && { beforeCommit: () => Promise.reject(new Error('aborted on purpose')) }),
    })
    await (abort ? expect(transaction).rejects.toThrow() : transaction)
  }

  const isArchived = async (records: number) => {
    expect(seen).toHaveLength(records)
    const committed = await log.admin().committed(`${prefix}archiver`, { topic, partition: 0 })
    expect(committed?.offset).toBe(seen.at(-1)!.offset + 1)
  }

  const first = await start()
  for (let transaction = 0; transaction < 10; transaction++) await write(200)
  await vi.waitFor(() => isArchived(2_000), { timeout: 30_000, interval: 200 })
  await write(100)
  await first.stop()
  await first.finished

  const second = await start()
  await write(50, true)
  await writer.close()
  const newWriter = log.transactionalProducer(`${prefix}writer`)
  await newWriter.fence()
  await newWriter.commitTransaction({ records: [{ topic, key: 'axie', value: Buffer.from('garbage') }] })
  await vi.waitFor(() => isArchived(2_101), { timeout: 30_000, interval: 200 })
  await second.stop()
  await second.finished
  await following.stop()

  const archived: LogRecord[] = []
  for await (const record of readArchive(store, location)) archived.push({ ...record, topic })
  expect(archived).toEqual(seen)
  expect((await verifyArchive(store, location)).problems).toEqual([])
  await log.close()
})
