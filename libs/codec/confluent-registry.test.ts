import { createServer, type Server, type ServerResponse } from 'node:http'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createCodec } from './codec.ts'
import { createRegistry } from './confluent-registry.ts'
import { describeRegistry } from './testing/registry-contract.ts'
import { closeServer, listen, startRegistryServer } from './testing/registry-server.ts'

let registryServer: Awaited<ReturnType<typeof startRegistryServer>>
beforeAll(async () => {
  registryServer = await startRegistryServer()
})
afterAll(() => registryServer.close())

describeRegistry('the package, over HTTP', async () => createRegistry({ url: registryServer.url }))

const servers: Server[] = []
afterEach(() => servers.splice(0).forEach(closeServer))

/** A registry, or what stands where one should be, that answers everything alike. */
async function registryThat(answer: (response: ServerResponse) => void) {
  const server = createServer((request, response) => {
    request.resume()
    answer(response)
  })
  servers.push(server)
  return createRegistry({ url: await listen(server), timeoutMillis: 300 })
}
const json = (status: number, body: unknown) => (response: ServerResponse) =>
  void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
const html = (status: number) => (response: ServerResponse) => void response.writeHead(status).end('<html>no</html>')

const record = Buffer.from([0, 0, 0, 0, 7, 1, 2])
const schema = JSON.stringify({ type: 'record', name: 'Trial', fields: [] })

describe('what a registry answers, and what it means for a record', () => {
  it('only that it has no such schema refuses the record', async () => {
    const registry = await registryThat(json(404, { error_code: 40_403, message: 'Schema not found' }))
    await expect(createCodec({ registry }).decode('MarketEvent', record)).rejects.toMatchObject({
      name: 'RejectedError',
      code: 'unknown_schema_id',
    })
  })

  it.each<[string, (response: ServerResponse) => void]>([
    ['a login it wants', json(401, { error_code: 40_101, message: 'Unauthorized' })],
    ['a right that is missing', json(403, { error_code: 40_301, message: 'Forbidden' })],
    ['a path it does not know', json(404, { error_code: 404, message: 'HTTP 404 Not Found' })],
    ['a subject it does not know', json(404, { error_code: 40_401, message: 'Subject not found' })],
    ['a proxy’s page for nothing', html(404)],
    ['nothing behind a 404', json(404, null)],
    ['a time-out of its own', json(408, { error_code: 40_801, message: 'Request timeout' })],
    ['too many requests', json(429, { error_code: 42_901, message: 'slow down' })],
    ['an error behind a 200', json(200, { error_code: 50_001, message: 'store' })],
    ['a schema behind a 404', json(404, { schema: '"string"' })],
    ['a page behind a 200', html(200)],
    ['the way to a login page', (response) => void response.writeHead(302, { location: 'http://127.0.0.1:9/login' }).end()],
    ['a number that only looks like its own', json(404, { error_code: '40403', message: 'Schema not found' })],
    ['an error of its own', json(500, { error_code: 50_001, message: 'store' })],
    ['nothing in time', () => {}],
    ['a cut answer', (response) => void response.writeHead(200, { 'content-length': '500' }).end('{"schema"')],
  ])('%s waits, and says where', async (_what, answer) => {
    const registry = await registryThat(answer)
    const url = /127\.0\.0\.1:\d+/
    await expect(createCodec({ registry }).decode('MarketEvent', record)).rejects.toMatchObject({
      name: 'RetryableError',
      message: expect.stringMatching(url),
    })
    await expect(registry.register('s', schema)).rejects.toMatchObject({ name: 'RetryableError', message: expect.stringMatching(url) })
  })

  it.each([
    ['of another language', { schemaType: 'PROTOBUF', schema: 'syntax = "proto3"; message A {}' }],
    ['for JSON', { schemaType: 'JSON', schema: '{"type":"object"}' }],
    ['of another record', { schema: '{"type":"record","name":"Other","fields":[]}' }],
    ['of no type', { schema: '{"type":"nothing"}' }],
  ])('a schema %s refuses the record: no waiting makes it ours', async (_what, answer) => {
    const registry = await registryThat(json(200, answer))
    await expect(createCodec({ registry }).decode('MarketEvent', record)).rejects.toMatchObject({
      name: 'RejectedError',
      code: 'undecodable',
    })
  })

  it('a registry that is away waits, and says where', async () => {
    const registry = createRegistry({ url: 'http://127.0.0.1:9/apis', timeoutMillis: 500 })
    const away = { name: 'RetryableError', message: expect.stringContaining('127.0.0.1:9') }
    await expect(registry.schemaById(1)).rejects.toMatchObject(away)
    await expect(registry.register('s', schema)).rejects.toMatchObject(away)
  })
})

describe('a schema that is registered', () => {
  /** A registry that takes the compatibility and answers a new schema as given; `calls` are its requests. */
  async function registryThatAnswers(registration: (response: ServerResponse) => void, compatibility = json(200, {})) {
    const calls: string[] = []
    const server = createServer((request, response) => {
      request.resume()
      calls.push(`${request.method} ${request.url}`)
      if (request.method === 'PUT') compatibility(response)
      else if (request.method === 'GET') json(200, { compatibilityLevel: 'BACKWARD_TRANSITIVE' })(response)
      else registration(response)
    })
    servers.push(server)
    return { registry: createRegistry({ url: await listen(server), timeoutMillis: 300 }), calls }
  }

  it.each([
    ['breaks what was written', json(409, { error_code: 409, message: 'incompatible' })],
    ['is none', json(422, { error_code: 42_201, message: 'invalid' })],
  ])('and %s never can be', async (_what, answer) => {
    const { registry } = await registryThatAnswers(answer)
    await expect(registry.register('s', schema)).rejects.toMatchObject({ name: 'FatalError' })
  })

  it.each([
    ['a login is wanted', json(401, { error_code: 40_101, message: 'Unauthorized' })],
    ['there is no id in the answer', json(200, { error_code: 50_001, message: 'store' })],
    ['the answer has no words', json(500, null)],
    ['there is no answer', () => {}],
  ])('waits where %s', async (_what, answer) => {
    const { registry } = await registryThatAnswers(answer)
    await expect(registry.register('s', schema)).rejects.toMatchObject({ name: 'RetryableError' })
  })

  it('has its subject’s compatibility before the first schema, once, and no second try', async () => {
    const { registry, calls } = await registryThatAnswers(json(200, { id: 7 }))
    expect(await registry.register('a subject', schema)).toBe(7)
    expect(calls).toEqual(['PUT /config/a%20subject', 'GET /config/a%20subject', 'POST /subjects/a%20subject/versions'])
    const failing = await registryThatAnswers(json(503, { error_code: 50_301, message: 'starting' }))
    await expect(failing.registry.register('s', schema)).rejects.toMatchObject({ name: 'RetryableError' })
    expect(failing.calls.filter((call) => call.startsWith('POST'))).toHaveLength(1)
  })

  it('goes on where a registry takes no compatibility before there is a schema', async () => {
    const { registry } = await registryThatAnswers(json(200, { id: 7 }), json(404, { error_code: 40_401, message: 'Subject not found' }))
    expect(await registry.register('s', schema)).toBe(7)
  })
})

it('a schema that was fetched is not fetched again', async () => {
  const id = await createRegistry({ url: registryServer.url }).register('flipstream.Trial', schema)
  const registry = createRegistry({ url: registryServer.url })
  const before = registryServer.calls.length
  expect(await registry.schemaById(id)).toBe(schema)
  expect(await registry.schemaById(id)).toBe(schema)
  expect(registryServer.calls.slice(before)).toEqual([`GET /schemas/ids/${id}`])
})
