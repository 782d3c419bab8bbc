import { Kafka, logLevel } from 'kafkajs'
import { afterEach, expect, it } from 'vitest'
import { type PrivateServer, startPrivateServer } from './private-servers.ts'

let server: PrivateServer | undefined
afterEach(() => server?.dispose())

it('a private broker keeps acknowledged records through SIGKILL', async () => {
  server = await startPrivateServer('kafka')
  const kafka = new Kafka({ brokers: [server.address], logLevel: logLevel.NOTHING })
  const admin = kafka.admin()
  const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 })
  await admin.createTopics({ topics: [{ topic: 'kept', numPartitions: 1 }], waitForLeaders: true })
  await producer.connect()
  await producer.send({ topic: 'kept', messages: [{ key: 'a', value: '1' }], acks: -1 })
  await server.kill()
  await server.start()
  expect(await admin.fetchTopicOffsets('kept')).toEqual([{ partition: 0, offset: '1', high: '1', low: '0' }])
  await producer.disconnect()
  await admin.disconnect()
})

it('a private registry keeps acknowledged schemas and their ids through SIGKILL', async () => {
  server = await startPrivateServer('registry')
  const register = async (subject: string, schema: object) => {
    const response = await fetch(`${server!.address}/subjects/${subject}/versions`, {
      method: 'POST',
      headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
      body: JSON.stringify({ schema: JSON.stringify(schema) }),
    })
    return ((await response.json()) as { id: number }).id
  }
  const id = await register('kept', { type: 'record', name: 'Kept', fields: [] })
  await server.kill()
  await server.start()
  expect(await register('kept', { type: 'record', name: 'Kept', fields: [] })).toBe(id)
  expect(await register('other', { type: 'record', name: 'Other', fields: [] })).not.toBe(id)
})

it('a frozen store does not answer, a thawed one does', async () => {
  server = await startPrivateServer('store')
  const status = (timeoutMillis: number) =>
    fetch(server!.address, { signal: AbortSignal.timeout(timeoutMillis) }).then(
      (response) => response.status,
      (error: Error) => error.name,
    )
  server.freeze()
  expect(await status(500)).toBe('TimeoutError')
  server.thaw()
  expect(await status(10_000)).toBe(403)
})
