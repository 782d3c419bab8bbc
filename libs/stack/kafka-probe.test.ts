import { createServer, type Server, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { askKafka, probeKafka } from './kafka-probe.ts'
import { freePort } from './ports.ts'

let server: Server | undefined
const sockets = new Set<Socket>()
afterEach(() => {
  for (const socket of sockets) socket.destroy()
  server?.close()
})

/** A server on a free port that does what the test says with what it receives. */
async function listening(onData: (socket: Socket, data: Buffer) => void): Promise<{ host: string; port: number }> {
  const address = { host: '127.0.0.1', port: await freePort() }
  server = createServer((socket) => {
    sockets.add(socket)
    socket.on('data', (data) => onData(socket, data))
  })
  await new Promise<void>((resolve) => server!.listen(address, resolve))
  return address
}

/** A response with the request's own correlation id, as a broker sends it. */
function answerTo(request: Buffer, body: Buffer): Buffer {
  const head = Buffer.alloc(8)
  head.writeInt32BE(4 + body.length, 0)
  request.copy(head, 4, 8, 12)
  return Buffer.concat([head, body])
}

const metadataKey = 3
const apiKey = (request: Buffer) => request.readInt16BE(4)
/** One broker `1 h:9092`, cluster id `abc`. */
const metadata = Buffer.from('\0\0\0\x01\0\0\0\x01\0\x01h\0\0\x23\x84\xff\xff\0\x03abc\0\0\0\x01\0\0\0\0', 'latin1')
const noBrokers = Buffer.from('\0\0\0\0\xff\xff\0\0\0\x01\0\0\0\0', 'latin1')
const coordinator = (errorCode: number) => Buffer.from([0, 0, 0, 0, 0, errorCode])

describe('asking for a broker', () => {
  it('reads the cluster id, also from an answer in pieces', async () => {
    const address = await listening((socket, request) => {
      for (const byte of answerTo(request, metadata)) socket.write(Buffer.from([byte]))
    })
    expect(await askKafka(address, 2000)).toEqual({ clusterId: 'abc', brokerCount: 1 })
  })

  it.each([
    ['an HTTP server', (socket: Socket) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'), /answers there, but it is not Kafka/],
    ['a server that hangs up', (socket: Socket) => socket.end(), /closed without an answer/],
    ['a server that says nothing', () => {}, /no answer in time/],
  ])('tells %s from a broker', async (_, onData, message) => {
    const address = await listening(onData)
    await expect(askKafka(address, 200)).rejects.toThrow(message)
  })

  it('says that nobody listens', async () => {
    await expect(askKafka({ host: '127.0.0.1', port: await freePort() }, 500)).rejects.toThrow(/ECONNREFUSED/)
  })
})

describe('waiting for a broker to be ready', () => {
  it('takes a cluster without brokers for one that is starting', async () => {
    const address = await listening((socket, request) => socket.write(answerTo(request, noBrokers)))
    await expect(probeKafka(address, 500)).rejects.toThrow(/not joined its cluster/)
  })

  it('waits for the coordinators', async () => {
    let errorCode = 15
    const address = await listening((socket, request) =>
      socket.write(answerTo(request, apiKey(request) === metadataKey ? metadata : coordinator(errorCode))),
    )
    await expect(probeKafka(address, 500)).rejects.toThrow(/group coordinator is not available yet \(Kafka error 15\)/)
    errorCode = 0
    expect(await probeKafka(address, 500)).toEqual({ clusterId: 'abc', brokerCount: 1 })
  })
})
