import { connect, type Socket } from 'node:net'

/**
 * Asks a broker a question in Kafka's own protocol: an open port alone says nothing (the broker may be fenced still, or be no broker).
 * Not through kafkajs, which retries and logs on its own and takes longer to load than the answer takes.
 */
export type KafkaIdentity = Readonly<{ clusterId: string | null; brokerCount: number }>

const metadata = { key: 3, version: 2 }
const findCoordinator = { key: 10, version: 1 }
const coordinatorTypes = { group: 0, transaction: 1 }
const maxResponseBytes = 1024 * 1024

/** @throws Error saying what was found instead of a broker */
export async function askKafka(address: { host: string; port: number }, timeoutMillis: number): Promise<KafkaIdentity> {
  return withConnection(address, timeoutMillis, async (ask) => readMetadata(await ask(metadata, int32(0))))
}

/**
 * Resolves when the broker takes part in its cluster and coordinates groups and transactions. The first question makes it create its
 * internal topics, so that the first consumer and the first transaction need not wait for them.
 */
export async function probeKafka(address: { host: string; port: number }, timeoutMillis: number): Promise<KafkaIdentity> {
  return withConnection(address, timeoutMillis, async (ask) => {
    const identity = readMetadata(await ask(metadata, int32(0)))
    if (identity.brokerCount === 0) throw new Error('the broker has not joined its cluster yet')
    for (const [name, type] of Object.entries(coordinatorTypes)) {
      const response = await ask(findCoordinator, Buffer.concat([string('flipstream-probe'), Buffer.from([type])]))
      const errorCode = response.readInt16BE(4)
      if (errorCode !== 0) throw new Error(`the ${name} coordinator is not available yet (Kafka error ${errorCode})`)
    }
    return identity
  })
}

type Ask = (api: { key: number; version: number }, body: Buffer) => Promise<Buffer>

async function withConnection<T>(
  address: { host: string; port: number },
  timeoutMillis: number,
  use: (ask: Ask) => Promise<T>,
): Promise<T> {
  const deadline = AbortSignal.timeout(Math.max(1, Math.ceil(timeoutMillis)))
  const socket = connect(address)
  let correlationId = 0
  try {
    return await use((api, body) => exchange(socket, deadline, request(api, ++correlationId, body), correlationId))
  } finally {
    socket.destroy()
  }
}

/** Sends one request and resolves with its response's body. One request is under way at a time. */
function exchange(socket: Socket, deadline: AbortSignal, bytes: Buffer, correlationId: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let received: Buffer = Buffer.alloc(0)
    const settle = (outcome: () => void) => {
      socket.removeAllListeners()
      socket.on('error', () => {})
      deadline.removeEventListener('abort', onTimeout)
      outcome()
    }
    const onTimeout = () => settle(() => reject(new Error('there was no answer in time')))
    if (deadline.aborted) return onTimeout()
    deadline.addEventListener('abort', onTimeout)
    socket.on('error', (error) => settle(() => reject(error)))
    socket.on('close', () =>
      settle(() => reject(new Error('the connection was closed without an answer (a broker that expects TLS or a login does so)'))),
    )
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk])
      if (received.length < 8) return
      const size = received.readInt32BE(0)
      if (size < 4 || size > maxResponseBytes || received.readInt32BE(4) !== correlationId) {
        return settle(() => reject(new Error('something answers there, but it is not Kafka')))
      }
      if (received.length >= 4 + size) settle(() => resolve(received.subarray(8, 4 + size)))
    })
    socket.write(bytes)
  })
}

const int16 = (value: number): Buffer => {
  const bytes = Buffer.alloc(2)
  bytes.writeInt16BE(value)
  return bytes
}

const int32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

const string = (text: string): Buffer => Buffer.concat([int16(Buffer.byteLength(text)), Buffer.from(text)])

function request(api: { key: number; version: number }, correlationId: number, body: Buffer): Buffer {
  const content = Buffer.concat([int16(api.key), int16(api.version), int32(correlationId), string('flipstream'), body])
  return Buffer.concat([int32(content.length), content])
}

/** Metadata v2: brokers [node id, host, port, rack], cluster id, … https://kafka.apache.org/protocol#The_Messages_Metadata */
function readMetadata(body: Buffer): KafkaIdentity {
  let at = 0
  const readString = (): string | null => {
    const length = body.readInt16BE(at)
    at += 2
    if (length < 0) return null
    at += length
    return body.toString('utf8', at - length, at)
  }
  const brokerCount = body.readInt32BE(at)
  at += 4
  for (let index = 0; index < brokerCount; index++) {
    at += 4
    readString()
    at += 4
    readString()
  }
  return { clusterId: readString(), brokerCount }
}
