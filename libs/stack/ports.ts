import { createServer } from 'node:net'
import { localHost, type Ports } from './server.ts'

/** The wanted ports where they are free, else others that are. Nobody holds them for us: the caller starts its server at once. */
export async function choosePorts(wanted: Ports): Promise<Ports> {
  const chosen: Record<string, number> = {}
  for (const [name, port] of Object.entries(wanted)) {
    const isTaken = Object.values(chosen).includes(port) || !(await isFree(port))
    chosen[name] = isTaken ? await freePort() : port
  }
  return chosen
}

export const isFree = async (port: number): Promise<boolean> => (await listenOnce(port)) !== null

export async function freePort(): Promise<number> {
  const port = await listenOnce(0)
  if (port === null) throw new Error(`no free port on ${localHost}`)
  return port
}

/** Listens for a moment; the port, or null where it cannot be had. */
function listenOnce(port: number): Promise<number | null> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(null))
    server.listen({ port, host: localHost }, () => {
      const address = server.address()
      server.close(() => resolve(address !== null && typeof address === 'object' ? address.port : null))
    })
  })
}
