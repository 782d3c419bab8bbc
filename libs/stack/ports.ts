import { createServer } from 'node:net'
import { localHost, type Ports } from './server.ts'

/**
 * Ports on 127.0.0.1. None is taken from the range that the system gives to outgoing connections (from 32768 on Linux): a server that
 * stops for a moment would find its port used by whoever called somebody then.
 */
const highestPort = 32_000
const privatePorts = { first: 20_000, count: 10_000 } as const

/** The wanted ports where they are free, else the next ones that are. Nobody holds them for us: the caller starts its server at once. */
export async function choosePorts(wanted: Ports): Promise<Ports> {
  const chosen: Record<string, number> = {}
  for (const [name, port] of Object.entries(wanted)) chosen[name] = await nextFree(port, Object.values(chosen))
  return chosen
}

let handedOut = 0

/** A port for a server of this process alone. Processes begin at different places, so that two that ask at once do not meet. */
export async function freePort(): Promise<number> {
  const offset = (process.pid * 37 + handedOut++) % privatePorts.count
  return nextFree(privatePorts.first + offset, [])
}

async function nextFree(from: number, except: readonly number[]): Promise<number> {
  for (let port = from; port <= Math.max(from, highestPort); port++) {
    if (!except.includes(port) && (await isFree(port))) return port
  }
  throw new Error(`no free port on ${localHost} from ${from} on`)
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ port, host: localHost }, () => server.close(() => resolve(true)))
  })
}
