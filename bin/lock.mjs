/**
 * A lock between processes that the kernel gives back when its holder dies, however it dies: there is nothing to be stale.
 * The holder listens on a local socket; whoever waits is connected to it, and the connection's end is the signal to try again.
 * Plain JavaScript (types in lock.d.mts): scripts/install.mjs needs it before anything is installed.
 */
import { createHash } from 'node:crypto'
import { unlinkSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Linux has sockets without a file; elsewhere a dead holder's file is removed by the next one. */
const isAbstract = process.platform === 'linux'
const holderMillis = 500

/** Somebody else has the lock. `holder`: its process, where it says so. */
export class LockHeldError extends Error {
  constructor(message, holder) {
    super(message)
    this.name = 'LockHeldError'
    this.holder = holder
  }
}

export async function acquireLock(name, options = {}) {
  const address = socketAddress(name)
  const deadline = performance.now() + (options.timeoutMillis ?? Number.POSITIVE_INFINITY)
  for (let attempt = 0; ; attempt++) {
    const release = await tryListen(address)
    if (release !== null) return release
    if (attempt === 0) options.onWait?.()
    const remaining = deadline - performance.now()
    if (remaining <= 0) {
      const pid = await holderOf(address)
      const holder = pid === null ? 'another process' : `process ${pid}`
      const since = options.timeoutMillis > 0 ? ` for ${Math.round(options.timeoutMillis / 1000)} s already` : ''
      throw new LockHeldError(`${holder} holds the lock "${name}"${since}`, pid)
    }
    await untilReleased(address, remaining)
  }
}

function socketAddress(name) {
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 32)
  return isAbstract ? `\0flipstream-lock-${hash}` : join(tmpdir(), `flipstream-${hash}.lock`)
}

/** Resolves with the function that gives the lock back, or null where somebody else holds it. */
function tryListen(address) {
  return new Promise((resolve, reject) => {
    const waiting = new Set()
    const server = createServer((socket) => {
      waiting.add(socket.unref())
      socket.on('error', () => {})
      socket.on('close', () => waiting.delete(socket))
      socket.write(`${process.pid}\n`)
    })
    server.once('error', (error) => (error.code === 'EADDRINUSE' ? resolve(null) : reject(error)))
    server.listen(address, () => {
      server.unref()
      resolve(async () => {
        const closed = new Promise((done) => server.close(done))
        for (const socket of waiting) socket.destroy()
        await closed
      })
    })
  })
}

/** The process that listens there says who it is. Null where it does not within a moment (a version before this one, one that is stopped). */
function holderOf(address) {
  return new Promise((resolve) => {
    const socket = connect(address)
    const timer = setTimeout(() => socket.destroy(), holderMillis)
    let said = ''
    socket.setEncoding('utf8')
    socket.on('data', (chunk) => {
      said += chunk
      if (said.includes('\n')) socket.destroy()
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      clearTimeout(timer)
      resolve(/^\d+\n/.test(said) ? Number.parseInt(said, 10) : null)
    })
  })
}

function untilReleased(address, timeoutMillis) {
  return new Promise((resolve) => {
    const socket = connect(address)
    const timer = Number.isFinite(timeoutMillis) ? setTimeout(() => socket.destroy(), timeoutMillis) : undefined
    socket.on('error', (error) => {
      if (error.code === 'ECONNREFUSED' && !isAbstract) unlinkSync(address)
    })
    socket.on('close', () => {
      clearTimeout(timer)
      resolve()
    })
    socket.resume()
  })
}
