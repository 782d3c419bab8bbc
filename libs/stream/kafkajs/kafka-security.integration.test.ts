import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseConfig } from '#lib/app/config.ts'
import { kafkaSecurity, kafkaSecuritySettings } from '#lib/app/kafka-security.ts'
import type { Log } from '#lib/stream/log.ts'
import { type SecureBroker, startSecureBroker } from '../../../tests/secure-broker.ts'
import { createKafkajsLog } from './kafkajs-log.ts'

const logger = pino({ level: 'silent' })

let broker: SecureBroker
let plain: Log
const logs: Log[] = []
beforeAll(async () => {
  broker = await startSecureBroker(['writer', 'reader', 'nobody'])
  plain = createKafkajsLog({ brokers: [broker.plain], clientId: 'test', logger })
  logs.push(plain)
  const admin = plain.admin()
  await admin.createTopics([{ topic: 'secrets', partitions: 1 }])
  await admin.close()
  const topic = { resource: 'topic', name: 'secrets', prefixed: false } as const
  await broker.allow('writer', [
    { ...topic, operations: ['Write'] },
    { resource: 'transactionalId', name: 'writer-', prefixed: true, operations: ['Write'] },
  ])
  await broker.allow('reader', [
    { ...topic, operations: ['Read'] },
    { resource: 'group', name: 'reader', prefixed: true, operations: ['Read', 'Delete'] },
  ])
})
afterAll(async () => {
  for (const log of logs) await log.close()
  await broker?.dispose()
})

const connect = (environment: Readonly<Record<string, string>>, clientId = 'reader'): Log => {
  const log = createKafkajsLog({
    brokers: [broker.secure],
    clientId,
    logger,
    ...kafkaSecurity(parseConfig(kafkaSecuritySettings, environment)),
  })
  logs.push(log)
  return log
}
const secret = { topic: 'secrets', key: 'k', value: Buffer.from('s') }

async function readAll(log: Log): Promise<string[]> {
  const texts: string[] = []
  const follower = await log.follow(['secrets'], (records) => void texts.push(...records.map(({ value }) => String(value))))
  await Promise.race([follower.caughtUp, follower.finished])
  await follower.stop()
  return texts
}

describe('a broker with TLS, logins and ACLs', () => {
  it('is written to and read from by those who may', async () => {
    const writer = connect(await broker.environmentOf('writer'), 'writer')
    await writer.checkReachable()
    await writer.producer().send([secret])
    const transactional = writer.transactionalProducer('writer-1')
    await transactional.fence()
    await transactional.commitTransaction({ records: [secret] })
    expect(await readAll(connect(await broker.environmentOf('reader')))).toEqual(['s', 's'])
  })

  it('takes a token in place of a password', async () => {
    const reader = connect(await broker.tokenEnvironmentOf('reader'))
    await reader.checkReachable()
    expect((await readAll(reader)).length).toBe(2)
  })

  it('refuses to write, and we say which right is missing', async () => {
    const reader = connect(await broker.environmentOf('reader'))
    await expect(reader.producer().send([secret])).rejects.toThrow(/lacks a right \(an ACL\): it needs Write on topic secrets/)
  })

  it('refuses a transaction under a foreign id, and we say which right is missing', async () => {
    const writer = connect(await broker.environmentOf('writer'), 'writer')
    await expect(writer.transactionalProducer('scorer-1').fence()).rejects.toThrow(/it needs Write on transactional id scorer-1/)
  })

  it('refuses to read a topic, or by a foreign group, and we say which right is missing', async () => {
    const read = async (user: string, group: string) => {
      const consumer = connect(await broker.environmentOf(user), user).consumer({ group, topics: ['secrets'], from: 'earliest' })
      await consumer.start(async () => {})
      await consumer.finished
    }
    await expect(read('nobody', 'nobody')).rejects.toThrow(/it needs Read on topic secrets/)
    await expect(read('reader', 'scorer')).rejects.toThrow(/it needs Read on group scorer/)
  })

  it('refuses a topic’s offsets to those who may not even see it', async () => {
    const admin = connect(await broker.environmentOf('nobody')).admin()
    await expect(admin.offsets('secrets')).rejects.toThrow(/it needs Describe .* on topic secrets/)
  })

  it('refuses a wrong password at once', async () => {
    const environment = { ...(await broker.environmentOf('reader')), KAFKA_SASL_USERNAME: 'writer' }
    await expect(connect(environment).checkReachable()).rejects.toThrow(/SASL SCRAM SHA512 authentication failed|credentials/)
  })

  it.concurrent('is not spoken to when its certificate is not the one expected', async () => {
    const { KAFKA_TLS_CA_FILE: _, ...withoutOurAuthority } = await broker.environmentOf('reader')
    await expect(connect(withoutOurAuthority).checkReachable()).rejects.toThrow(/self-signed certificate/)
  })

  it.concurrent('asks a client without TLS to look at its settings', async () => {
    await expect(connect({}).checkReachable()).rejects.toThrow(/KAFKA_SECURITY_PROTOCOL/)
  })
})
