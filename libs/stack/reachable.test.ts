import { createServer } from 'node:http'
import { expect, it } from 'vitest'
import { freePort } from './ports.ts'
import { checkReachable } from './reachable.ts'

const quick = { timeoutMillis: 200 }

it('names every address that does not answer, with its setting and what was found', async () => {
  const [broker, registry] = [await freePort(), await freePort()]
  const registryUrl = `http://127.0.0.1:${registry}/apis`
  const problem = checkReachable({ brokers: [`127.0.0.1:${broker}`], registryUrl }, quick)
  await expect(problem).rejects.toMatchObject({
    name: 'FatalError',
    message: [
      `KAFKA_BROKERS: expected a Kafka broker at 127.0.0.1:${broker}, but connect ECONNREFUSED 127.0.0.1:${broker}.`,
      `SCHEMA_REGISTRY_URL: expected a schema registry (Confluent API) at ${registryUrl}, but connect ECONNREFUSED 127.0.0.1:${registry}.`,
      'Correct the address or start the server; without the setting, flipstream starts servers of its own.',
    ].join('\n'),
  })
})

it('refuses what is no address at once', async () => {
  await expect(checkReachable({ brokers: ['127.0.0.1'] })).rejects.toThrow(
    'expected host:port, or several separated by commas, found "127.0.0.1"',
  )
})

it('tells some web server from a registry and from a store', async () => {
  const port = await freePort()
  const server = createServer((_, response) => response.end('<html>hello</html>')).listen(port, '127.0.0.1')
  try {
    const url = `http://127.0.0.1:${port}`
    await expect(checkReachable({ registryUrl: url, s3Endpoint: url }, quick)).rejects.toThrow(/no schema registry[\s\S]*no S3 server/)
  } finally {
    server.close()
  }
})

it('waits for a server that is just starting', async () => {
  const port = await freePort()
  const reached = checkReachable({ registryUrl: `http://127.0.0.1:${port}` }, { timeoutMillis: 5000 })
  const server = createServer((_, response) => response.end('[]')).listen(port, '127.0.0.1')
  await expect(reached).resolves.toBeUndefined()
  server.close()
})

it('checks nothing where nothing is named', async () => {
  await expect(checkReachable({})).resolves.toBeUndefined()
})
