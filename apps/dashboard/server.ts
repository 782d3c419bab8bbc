import { readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import helmet from '@fastify/helmet'
import fastifyStatic from '@fastify/static'
import swagger from '@fastify/swagger'
import Fastify, { type FastifyInstance } from 'fastify'
import { jsonSchemaTransform, validatorCompiler } from 'fastify-type-provider-zod'
import { FatalError } from '#lib/errors/errors.ts'
import type { Logger } from '#lib/telemetry/logger.ts'
import { type AccessOptions, guardApi, guardHosts } from './access.ts'
import { type ApiOptions, maxBodyBytes, registerApi } from './api.ts'
import { errorHandler, problem, sendProblem } from './problem.ts'

export type ServerOptions = ApiOptions &
  AccessOptions &
  Readonly<{
    host: string
    port: number
    /** Addresses and networks whose word we take for where a request comes from (X-Forwarded-For). */
    trustedProxies: readonly string[]
    pictureOrigin: string | null
    version: string
    logger: Logger
  }>

export type DashboardServer = Readonly<{ url: string; close(): Promise<void> }>

const pageDirectory = fileURLToPath(new URL('./page/', import.meta.url))
const plotDirectory = dirname(fileURLToPath(import.meta.resolve('uplot')))
/** A request that takes longer to arrive is no request. Answers may take as long as they like: a page listens for hours. */
const requestMillis = 10_000
/** Numbers and times in the page are worded as they are in terminal and Discord: by the same file, without its types. */
const wordsScript = () => stripTypeScriptTypes(readFileSync(new URL('../../libs/words/format.ts', import.meta.url), 'utf8'))
const plotFiles = ['uPlot.esm.js', 'uPlot.min.css']

/** Page, API and its document on one port. Nothing that it serves asks any other host, but for pictures from where they may come from. */
export async function startServer(options: ServerOptions): Promise<DashboardServer> {
  const { host, port, events } = options
  const answerError = errorHandler(options.logger)
  const server = Fastify({
    bodyLimit: maxBodyBytes,
    requestTimeout: requestMillis,
    trustProxy: options.trustedProxies.length === 0 ? false : [...options.trustedProxies],
    forceCloseConnections: true,
    routerOptions: { ignoreTrailingSlash: true },
    frameworkErrors: (error, request, reply) => void answerError(error, request, reply),
  })
  // Only JSON is read.
  server.removeContentTypeParser('text/plain')
  await registerEverything(server, options)
  const url = await server.listen({ host, port }).catch((error: NodeJS.ErrnoException) => {
    throw new FatalError(
      `cannot serve the dashboard on ${host}:${port} (${error.code}): set DASHBOARD_PORT to a free port, or to 0 for any`,
    )
  })
  return {
    url,
    async close() {
      events.close()
      await server.close()
    },
  }
}

async function registerEverything(server: FastifyInstance, options: ServerOptions): Promise<void> {
  const { logger, pictureOrigin, version, hosts, token } = options
  server.setValidatorCompiler(validatorCompiler)
  // Answers are made by our own code, and checked by the compiler: reading them once more would only cost time.
  server.setSerializerCompiler(() => (answer) => JSON.stringify(answer))
  server.setErrorHandler(errorHandler(logger))
  server.setNotFoundHandler((request, reply) =>
    sendProblem(
      reply,
      problem(404, 'not_found', `no ${request.method} ${request.url.slice(0, 200)}; GET /api/openapi.json lists what there is`),
    ),
  )
  guardHosts(server, hosts)
  await server.register(helmet, securityHeaders(pictureOrigin))
  await server.register(swagger, { openapi: openapiOf(version, token !== null), transform: jsonSchemaTransform })
  server.get('/api/openapi.json', { schema: { hide: true } }, () => server.swagger())
  await server.register(
    async (api) => {
      await guardApi(api, options)
      registerApi(api, options)
    },
    { prefix: '/api' },
  )
  await server.register(fastifyStatic, { root: pageDirectory, index: ['page.html'], cacheControl: false })
  const words = wordsScript()
  server.get('/words.js', { schema: { hide: true } }, (_request, reply) => reply.type('text/javascript').send(words))
  for (const file of plotFiles)
    server.get(`/plot/${file}`, { schema: { hide: true } }, (_request, reply) => reply.sendFile(file, plotDirectory))
}

/** Scripts and styles from here alone, no markup from anywhere: what the market says can never become code. */
function securityHeaders(pictureOrigin: string | null) {
  return {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'", ...(pictureOrigin === null ? [] : [pictureOrigin])],
        connectSrc: ["'self'"],
        baseUri: ["'none'"],
        formAction: ["'none'"],
        frameAncestors: ["'none'"],
        requireTrustedTypesFor: ["'script'"],
      },
    },
    // TLS ends in front of us, where it does.
    strictTransportSecurity: false,
    referrerPolicy: { policy: 'no-referrer' as const },
    crossOriginEmbedderPolicy: false,
  }
}

const openapiOf = (version: string, wantsToken: boolean) => ({
  openapi: '3.1.0',
  info: {
    title: 'flipstream',
    version,
    description:
      'Prices of axies, and what the stream shows. A forecast is a distribution, not a price. Whatever is marked simulated was never to be had.',
  },
  ...(wantsToken
    ? { components: { securitySchemes: { token: { type: 'http' as const, scheme: 'bearer' } } }, security: [{ token: [] }] }
    : {}),
})
