import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { FatalError } from '#lib/errors/errors.ts'
import type { Health } from './health.ts'
import type { Metrics } from './metrics.ts'

export type StatusServer = Readonly<{ url: string; close(): Promise<void> }>

/** Serves /healthz, /readyz, /metrics (Prometheus text) and /metrics.json. Port 0 takes a free one. */
export async function startStatusServer(options: { host: string; port: number; health: Health; metrics: Metrics }): Promise<StatusServer> {
  const { host, port, health, metrics } = options
  const server = createServer((request, response) => {
    const answer = (status: number, type: string, body: string) => response.writeHead(status, { 'content-type': type }).end(body)
    const json = (status: number, body: unknown) => answer(status, 'application/json', `${JSON.stringify(body)}\n`)
    const route = async () => {
      const report = health.report()
      if (request.method !== 'GET') return json(405, { error: 'only GET' })
      if (request.url === '/healthz') return json(report.alive ? 200 : 503, report)
      if (request.url === '/readyz') return json(report.ready ? 200 : 503, report)
      if (request.url === '/metrics') return answer(200, 'text/plain; version=0.0.4', await metrics.prometheus())
      if (request.url === '/metrics.json') return json(200, await metrics.snapshot())
      return json(404, { error: 'not found', paths: ['/healthz', '/readyz', '/metrics', '/metrics.json'] })
    }
    route().catch((error: Error) => json(500, { error: error.message }))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        new FatalError(`cannot serve health and metrics on ${host}:${port} (${error.code}): set HTTP_PORT to a free port, or to 0 for any`),
      ),
    )
    server.listen(port, host, resolve)
  })
  const { port: actual } = server.address() as AddressInfo
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${actual}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
