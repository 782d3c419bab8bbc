import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { createCodec } from './codec.ts'
import { createRegistry } from './registry.ts'

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

/** A registry, or what stands where one should be, that answers everything alike. */
async function registryThat(answer: (response: ServerResponse) => void) {
  const server = createServer((request, response) => {
    request.resume()
    answer(response)
  })
  servers.push(server)
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  return createRegistry({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, timeoutMillis: 300 })
}
const json = (status: number, body: object) => (response: ServerResponse) =>
  void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
const html = (status: number) => (response: ServerResponse) => void response.writeHead(status).end('<html>no</html>')

const record = Buffer.from([0, 0, 0, 0, 7, 1, 2])

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
    ['a time-out of its own', json(408, { error_code: 40_801, message: 'Request timeout' })],
    ['too many requests', json(429, { error_code: 42_901, message: 'slow down' })],
    ['an error behind a 200', json(200, { error_code: 50_001, message: 'store' })],
    ['a schema behind a 404', json(404, { schema: '"string"' })],
    ['a page behind a 200', html(200)],
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
    await expect(registry.register('s', '"string"')).rejects.toMatchObject({ name: 'RetryableError', message: expect.stringMatching(url) })
    await expect(registry.requireBackwardTransitive('s')).rejects.toMatchObject({
      name: 'RetryableError',
      message: expect.stringMatching(url),
    })
  })

  it('a schema that breaks what was written, or is none, can never be registered', async () => {
    for (const answer of [json(409, { error_code: 409, message: 'incompatible' }), json(422, { error_code: 42_201, message: 'invalid' })])
      await expect((await registryThat(answer)).register('s', '{}')).rejects.toMatchObject({ name: 'FatalError' })
  })
})
