import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { FatalError, RejectedError } from '#lib/errors/errors.ts'
import { createMemoryRegistry, type SchemaRegistry } from '../registry.ts'

/** What a request came to: its status, and the body as the Confluent API has it. */
type Answer = readonly [status: number, body: object]

/** The four calls of the Confluent API that we use, over HTTP, on a registry in memory. `calls` are the requests so far. */
export async function startRegistryServer(): Promise<Readonly<{ url: string; calls: readonly string[]; close(): void }>> {
  const registry = createMemoryRegistry()
  const compatibility = new Map<string, string>()
  const calls: string[] = []
  const server = createServer(async (request, response) => {
    calls.push(`${request.method} ${request.url}`)
    const [status, body] = await answerTo(request, registry, compatibility)
    response.writeHead(status, { 'content-type': 'application/vnd.schemaregistry.v1+json' }).end(JSON.stringify(body))
  })
  return { url: await listen(server), calls, close: () => closeServer(server) }
}

export async function listen(server: Server): Promise<string> {
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

export function closeServer(server: Server): void {
  server.closeAllConnections()
  server.close()
}

async function answerTo(request: IncomingMessage, registry: SchemaRegistry, compatibility: Map<string, string>): Promise<Answer> {
  const [, collection = '', subject = '', last = ''] = (request.url ?? '').split('/').map(decodeURIComponent)
  const body = JSON.parse((await text(request)) || '{}') as { schema?: string; compatibility?: string }
  if (collection === 'config' && request.method === 'PUT') {
    compatibility.set(subject, body.compatibility ?? '')
    return [200, body]
  }
  if (collection === 'config') {
    const compatibilityLevel = compatibility.get(subject)
    return compatibilityLevel === undefined ? [404, { error_code: 40_401, message: 'Subject not found' }] : [200, { compatibilityLevel }]
  }
  try {
    if (collection === 'subjects') return [200, { id: await registry.register(subject, body.schema ?? '') }]
    return [200, { schema: await registry.schemaById(Number(last)) }]
  } catch (error) {
    if (error instanceof RejectedError) return [404, { error_code: 40_403, message: 'Schema not found' }]
    if (error instanceof FatalError) return [409, { error_code: 409, message: error.message }]
    throw error
  }
}
