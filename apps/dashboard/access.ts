import { createHash, timingSafeEqual } from 'node:crypto'
import { BlockList, isIP, isIPv6 } from 'node:net'
import rateLimit from '@fastify/rate-limit'
import type { FastifyInstance, FastifyRequest, onRequestAsyncHookHandler } from 'fastify'
import { ProblemError, problem } from './problem.ts'

export type AccessOptions = Readonly<{
  /** Null: everyone may ask. */
  token: string | null
  /** Names by which people reach us. Addresses and localhost always do. */
  hosts: readonly string[]
  requestsPerMinute: number
}>

/** Wrong tokens of one address a minute, before it is told to wait. */
const refusalsPerMinute = 30

/**
 * A page of somebody else's whose name was made to point here (DNS rebinding) speaks to us from a reader's own browser, as if it were ours.
 * Its requests carry its own name: only names of ours are answered. An address is no name that could be pointed elsewhere.
 */
export function guardHosts(server: FastifyInstance, hosts: readonly string[]): void {
  const known = new Set(hosts.map((host) => host.toLowerCase()))
  server.addHook('onRequest', async ({ hostname }) => {
    const name = (hostname ?? '').toLowerCase().replace(/\.$/, '')
    const isOurs = isIP(name.replace(/^\[(.*)\]$/, '$1')) !== 0 || name === 'localhost' || name.endsWith('.localhost') || known.has(name)
    if (isOurs) return
    const detail = `${JSON.stringify(name.slice(0, 100))} is no name of this server: DASHBOARD_HOSTS lists those by which people reach it`
    throw new ProblemError(problem(421, 'unknown_host', detail))
  })
}

/**
 * Who may ask, and how often. A request with a wrong token or none is counted apart from those with the right one: somebody who guesses
 * must not lock out whoever shares the address.
 */
export async function guardApi(api: FastifyInstance, { token, requestsPerMinute }: AccessOptions): Promise<void> {
  await api.register(rateLimit, { global: false })
  const limiter = (most: number, what: string) =>
    api.rateLimit({
      max: most,
      timeWindow: 60_000,
      keyGenerator: ({ ip }) => personOf(ip),
      errorResponseBuilder: (_request, { after }) =>
        new ProblemError(problem(429, 'rate_limited', `expected at most ${most} ${what} a minute; try again in ${after}`)),
    }) as onRequestAsyncHookHandler
  const asked = limiter(requestsPerMinute, 'requests')
  const refused = limiter(refusalsPerMinute, 'requests without the right token')
  const isRight = token === null ? () => true : tokenCheck(token)
  api.addHook('onRequest', async function (request, reply) {
    if (isRight(request)) return asked.call(this, request, reply)
    await refused.call(this, request, reply)
    reply.header('www-authenticate', 'Bearer')
    throw new ProblemError(problem(401, 'unauthorized', 'expected the header Authorization: Bearer, with the token of API_TOKEN'))
  })
  api.addHook('onSend', async (_request, reply) => {
    // Prices are of this moment, and answers to who has the token: no cache between us may keep them.
    reply.header('cache-control', 'no-store')
  })
}

/** Digests are compared, in a time that does not depend on how much of the token is right, nor on its length. */
function tokenCheck(token: string): (request: FastifyRequest) => boolean {
  const digestOf = (text: string) => createHash('sha256').update(text).digest()
  const expected = digestOf(token)
  return ({ headers: { authorization = '' } }) => timingSafeEqual(digestOf(/^Bearer (.+)$/i.exec(authorization)?.[1] ?? ''), expected)
}

/** One subscriber of IPv6 has 2^64 addresses: they count as one. */
export function personOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1]
  if (mapped !== undefined) return mapped
  if (!isIPv6(address)) return address
  const [head = '', tail] = address.split('%')[0]!.split('::')
  const first = head === '' ? [] : head.split(':')
  const missing = tail === undefined ? 0 : 8 - first.length - (tail === '' ? 0 : tail.split(':').length)
  const groups = [...first, ...Array<string>(missing).fill('0'), ...(tail === undefined || tail === '' ? [] : tail.split(':'))]
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`
}

/** Whether an address is this machine's alone. A name counts as one that others reach. */
export function isLoopback(host: string): boolean {
  const loopback = new BlockList()
  loopback.addSubnet('127.0.0.0', 8, 'ipv4')
  loopback.addAddress('::1', 'ipv6')
  const family = isIP(host)
  return host === 'localhost' || (family !== 0 && loopback.check(host, family === 6 ? 'ipv6' : 'ipv4'))
}
