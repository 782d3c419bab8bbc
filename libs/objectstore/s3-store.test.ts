import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { createS3Store } from './s3-store.ts'

/** A stand-in that answers like a broken S3 server: what a healthy one does is tested on a real one (s3-store.integration.test.ts). */
type Handler = (request: IncomingMessage, response: ServerResponse, objects: Map<string, Buffer>) => void | Promise<void>
const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

async function storeAgainst(handler: Handler, options: { timeoutMillis?: number } = {}) {
  const objects = new Map<string, Buffer>()
  const server = createServer((request, response) => void handler(request, response, objects))
  servers.push(server)
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const store = createS3Store({
    endpoint,
    region: 'us-east-1',
    bucket: 'flipstream',
    accessKey: 'key',
    secretKey: 'very-secret',
    ...options,
  })
  return { store, endpoint, objects }
}

const isObject = (request: IncomingMessage) => (request.url ?? '').split('/').filter(Boolean).length > 1

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  return Buffer.concat(await request.toArray())
}

const reply = (response: ServerResponse, status: number, body: Buffer | string = '', headers: Record<string, string> = {}) => {
  response.writeHead(status, headers).end(body)
}

/** Reads and heads of what is stored; a bucket that exists. */
const serveReads: Handler = (request, response, objects) => {
  if (!isObject(request)) return reply(response, 200)
  const found = objects.get(request.url ?? '')
  return found === undefined ? reply(response, 404) : reply(response, 200, found, { etag: '"tag"' })
}

describe('S3 store against a server in trouble', () => {
  it('knows its own write again when the answer got lost', async () => {
    const { store } = await storeAgainst(async (request, response, objects) => {
      if (request.method !== 'PUT') return serveReads(request, response, objects)
      objects.set(request.url ?? '', await bodyOf(request))
      request.socket.destroy()
    })
    expect(await store.putIfAbsent('a/b', Buffer.from('mine'))).toBe('created')
  })

  it('sees that another one was faster when the loser is cut off', async () => {
    const { store } = await storeAgainst(async (request, response, objects) => {
      if (request.method !== 'PUT') return serveReads(request, response, objects)
      objects.set(request.url ?? '', Buffer.from('theirs'))
      request.socket.destroy()
    })
    expect(await store.putIfAbsent('a/b', Buffer.from('mine'))).toBe('exists')
  })

  it.each([500, 502, 503, 504])('asks to be tried again on status %i where nothing was stored', async (status) => {
    const { store, endpoint } = await storeAgainst(async (request, response, objects) => {
      if (request.method !== 'PUT') return serveReads(request, response, objects)
      await bodyOf(request)
      reply(response, status)
    })
    await expect(store.putIfAbsent('a/b', Buffer.from('x'))).rejects.toMatchObject({
      name: 'RetryableError',
      message: expect.stringContaining(endpoint),
    })
  })

  it('gives up on a server that does not answer, in the time it was given', async () => {
    const { store } = await storeAgainst(() => undefined, { timeoutMillis: 50 })
    await expect(store.get('a/b')).rejects.toMatchObject({ name: 'RetryableError', message: expect.stringContaining('50 ms') })
  })

  it('does not run out of connections however many answers fail', async () => {
    const { store } = await storeAgainst((request, response, objects) => {
      return isObject(request) ? reply(response, 503, 'x'.repeat(100_000)) : serveReads(request, response, objects)
    })
    for (let call = 0; call < 100; call++) await expect(store.get('a/b')).rejects.toMatchObject({ name: 'RetryableError' })
  })

  it('asks to be tried again when nobody listens, naming the endpoint', async () => {
    const { store, endpoint } = await storeAgainst(serveReads)
    servers.splice(0)[0]?.close()
    await expect(store.get('a/b')).rejects.toMatchObject({ name: 'RetryableError', message: expect.stringContaining(endpoint) })
  })

  it('creates a bucket once it can, after the server was away', async () => {
    const calls: string[] = []
    let healthy = false
    const { store } = await storeAgainst((request, response, objects) => {
      if (isObject(request)) return serveReads(request, response, objects)
      calls.push(request.method ?? '')
      if (!healthy) return reply(response, 503)
      return reply(response, request.method === 'HEAD' ? 404 : 200)
    })
    await expect(store.get('a/b')).rejects.toMatchObject({ name: 'RetryableError' })
    healthy = true
    expect(await store.get('a/b')).toBeNull()
    expect(await store.get('a/b')).toBeNull()
    expect(calls).toEqual(['HEAD', 'HEAD', 'PUT'])
  })

  it('stops on refused credentials: names the endpoint, and tells no secret', async () => {
    const { store, endpoint } = await storeAgainst((_request, response) => reply(response, 403))
    const error = await store.putIfAbsent('a/b', Buffer.from('x')).catch((reason) => reason)
    expect(error).toMatchObject({ name: 'FatalError', message: expect.stringContaining(endpoint) })
    expect(JSON.stringify({ message: error.message, stack: error.stack })).not.toContain('very-secret')
  })

  it('finds out a server that ignores the condition', async () => {
    const { store } = await storeAgainst(async (request, response, objects) => {
      if (request.method !== 'PUT') return serveReads(request, response, objects)
      objects.set(request.url ?? '', await bodyOf(request))
      reply(response, 200, '', { etag: '"tag"' })
    })
    await expect(store.probe()).rejects.toMatchObject({ name: 'FatalError', message: expect.stringContaining('If-None-Match') })
  })

  /** A conditional put that meets another one: S3 says 409, and whether an object exists is not known by that. */
  const conflicting = (code: string, conflicts: number, meanwhile?: string) => {
    let puts = 0
    return storeAgainst(async (request, response, objects) => {
      if (request.method !== 'PUT') return serveReads(request, response, objects)
      const body = await bodyOf(request)
      const url = request.url ?? ''
      if (puts++ < conflicts) {
        if (meanwhile !== undefined) objects.set(url, Buffer.from(meanwhile))
        return reply(response, 409, `<Error><Code>${code}</Code><Message>conflict, try again</Message></Error>`)
      }
      if (objects.has(url)) return reply(response, 412, '<Error><Code>PreconditionFailed</Code></Error>')
      objects.set(url, body)
      reply(response, 200, '', { etag: '"tag"' })
    })
  }

  it.each(['ConditionalRequestConflict', 'OperationAborted'])(
    'puts again after 409 %s: it does not mean that the object exists',
    async (code) => {
      const { store } = await conflicting(code, 2)
      expect(await store.putIfAbsent('a/b', Buffer.from('mine'))).toBe('created')
      expect(await store.get('a/b')).toEqual(Buffer.from('mine'))
    },
  )

  it('finds after a conflict that the other write won', async () => {
    const { store } = await conflicting('ConditionalRequestConflict', 1, 'theirs')
    expect(await store.putIfAbsent('a/b', Buffer.from('mine'))).toBe('exists')
    expect(await store.get('a/b')).toEqual(Buffer.from('theirs'))
  })

  it('leaves a conflict that does not end to the caller, who waits', async () => {
    const { store } = await conflicting('ConditionalRequestConflict', Number.POSITIVE_INFINITY)
    await expect(store.putIfAbsent('a/b', Buffer.from('mine'))).rejects.toMatchObject({ name: 'RetryableError' })
  })

  it.each([
    ['repeats a page', ['a/1', 'a/2'], 'a/1'],
    ['goes back in a page', ['a/2', 'a/1'], 'a/1'],
    ['says that more follow an empty page', [], 'without any'],
  ])('does not follow a listing that %s', async (_what, keys, named) => {
    const { store } = await storeAgainst((request, response, objects) => {
      if (!request.url?.includes('list-type=2')) return serveReads(request, response, objects)
      const contents = keys.map((key) => `<Contents><Key>${key}</Key><Size>1</Size></Contents>`).join('')
      reply(response, 200, `<ListBucketResult><IsTruncated>true</IsTruncated>${contents}</ListBucketResult>`)
    })
    const listAll = async () => {
      for await (const _entry of store.list('a/'));
    }
    await expect(listAll()).rejects.toMatchObject({
      name: 'FatalError',
      message: expect.stringContaining(named),
    })
  })

  it.each(['127.0.0.1:9000', 'ftp://host', 'http://user:password@host', 'http://host/path'])('refuses the endpoint %s', (endpoint) => {
    const create = () => createS3Store({ endpoint, region: 'r', bucket: 'b', accessKey: 'k', secretKey: 's' })
    expect(create).toThrow(/expected an address such as/)
    expect(create).not.toThrow(/password@/)
  })
})
