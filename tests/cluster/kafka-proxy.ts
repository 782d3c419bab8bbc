import { connect as connectSocket, createServer, type Server, type Socket } from 'node:net'
import { systemClock } from '#lib/clock/clock.ts'
import { localHost } from '#lib/stack/server.ts'

/**
 * A TCP proxy that reads the heads of Kafka's requests and lets a test decide what becomes of each: for attacks on what a client believes
 * about its broker. It knows frames and heads, no bodies.
 */
export type KafkaRequest = Readonly<{
  apiKey: number
  apiVersion: number
  correlationId: number
  clientId: string
  /** The whole frame, its length included. */
  frame: Buffer
  /** Which connection it came on, counted from 1. */
  connection: number
}>

export type Verdict =
  /** On to the broker, at once. */
  | 'pass'
  /** This connection stands still from here on, in both directions, until `resume`. Others go on. */
  | 'freeze'
  /** The client's connection is closed; the request reaches the broker only at `deliverHeld`, on a connection of its own. */
  | 'hold back'
  /** The client's connection is closed, the request never reaches the broker. */
  | 'cut'
  /** Half of the request reaches the broker, then both connections are closed. */
  | 'halve'
  /** The broker does what it is asked to; its answer is lost together with the connection. */
  | 'lose answer'
  | Readonly<{ delayMillis: number }>

export type Rule = (request: KafkaRequest) => Verdict

export interface KafkaProxy {
  readonly address: string
  /** Decides for every request from now on. Default: everything passes. */
  decide(rule: Rule): void
  /** Whether a new connection is taken at all. */
  refuse(refused: boolean): void
  /** How many requests wait to be delivered late. */
  heldBack(): number
  /** Sends what was held back, in its order. Resolves with the broker's answers, one for each: error codes are for the caller to read. */
  deliverHeld(): Promise<Buffer[]>
  /** Ends every connection that stands still, so that both sides begin anew. */
  resume(): void
  close(): Promise<void>
}

export const apiKeys = {
  produce: 0,
  fetch: 1,
  offsetCommit: 8,
  heartbeat: 12,
  initProducerId: 22,
  addPartitionsToTxn: 24,
  addOffsetsToTxn: 25,
  endTxn: 26,
  txnOffsetCommit: 28,
} as const

const answerMillis = 10_000

export async function startKafkaProxy({ port, target }: { port: number; target: number }): Promise<KafkaProxy> {
  let rule: Rule = () => 'pass'
  let refused = false
  let connections = 0
  const links = new Set<Link>()
  const kept: Buffer[] = []

  const server = createServer((client) => {
    if (refused) return void client.destroy()
    const link = createLink({
      client,
      target,
      connection: ++connections,
      decide: (request) => rule(request),
      hold: (frame) => kept.push(frame),
    })
    links.add(link)
    client.once('close', () => links.delete(link))
  })
  await listen(server, port)

  return {
    address: `${localHost}:${port}`,
    decide(next) {
      rule = next
    },
    refuse(next) {
      refused = next
    },
    heldBack: () => kept.length,
    async deliverHeld() {
      const answers: Buffer[] = []
      for (const frame of kept.splice(0)) answers.push(await ask(target, frame))
      return answers
    },
    resume() {
      for (const link of links) if (link.isFrozen()) link.destroy()
    },
    async close() {
      for (const link of links) link.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

type Link = Readonly<{ isFrozen(): boolean; destroy(): void }>
type LinkOptions = Readonly<{
  client: Socket
  target: number
  connection: number
  decide: Rule
  hold: (frame: Buffer) => void
}>

/** A client's connection and ours to the broker. Requests keep their order: what is delayed holds up what comes behind it. */
function createLink({ client, target, connection, decide, hold }: LinkOptions): Link {
  const broker = connectSocket({ port: target, host: localHost, noDelay: true })
  client.setNoDelay(true)
  const lostAnswers = new Set<number>()
  const requests = frames()
  const answers = frames()
  let frozen = false
  let queue = new Promise<void>((resolve) => {
    broker.once('connect', resolve)
    broker.once('close', () => resolve())
  })

  const destroy = () => {
    client.destroy()
    broker.destroy()
  }
  const handle = async (frame: Buffer) => {
    if (client.destroyed || frozen) return
    const request = parseHead(frame, connection)
    const verdict = decide(request)
    if (verdict === 'freeze') {
      frozen = true
      return
    }
    if (verdict === 'cut') return destroy()
    if (verdict === 'halve') {
      broker.end(frame.subarray(0, frame.length >> 1))
      client.destroy()
      return
    }
    if (verdict === 'hold back') {
      hold(frame)
      return destroy()
    }
    if (verdict === 'lose answer') lostAnswers.add(request.correlationId)
    if (typeof verdict === 'object') await systemClock.sleep(verdict.delayMillis)
    if (!broker.destroyed) broker.write(frame)
  }
  client.on('data', (bytes) => {
    for (const frame of requests(bytes)) queue = queue.then(() => handle(frame))
  })
  broker.on('data', (bytes) => {
    if (lostAnswers.size === 0) {
      // The common case: nothing to look for, but frames must stay in step.
      answers(bytes)
      if (!frozen) client.write(bytes)
      return
    }
    for (const frame of answers(bytes)) {
      if (lostAnswers.has(frame.readInt32BE(4))) return destroy()
      if (!frozen) client.write(frame)
    }
  })
  for (const socket of [client, broker]) {
    socket.on('error', () => {})
    // A frozen connection is one whose ends hear nothing of each other.
    socket.on('close', () => !frozen && destroy())
  }
  return { isFrozen: () => frozen, destroy }
}

/** Cuts a stream of bytes into frames: a length of four bytes, and as many bytes as it says. */
function frames(): (bytes: Buffer) => Buffer[] {
  let rest: Buffer = Buffer.alloc(0)
  return (bytes) => {
    rest = rest.length === 0 ? bytes : Buffer.concat([rest, bytes])
    const whole: Buffer[] = []
    while (rest.length >= 4 && rest.length >= 4 + rest.readInt32BE(0)) {
      const end = 4 + rest.readInt32BE(0)
      whole.push(rest.subarray(0, end))
      rest = rest.subarray(end)
    }
    return whole
  }
}

/** All versions of the head begin alike: length, api key, api version, correlation id, client id with a length of two bytes. */
function parseHead(frame: Buffer, connection: number): KafkaRequest {
  const length = frame.readInt16BE(12)
  return {
    apiKey: frame.readInt16BE(4),
    apiVersion: frame.readInt16BE(6),
    correlationId: frame.readInt32BE(8),
    clientId: length < 0 ? '' : frame.toString('utf8', 14, 14 + length),
    frame,
    connection,
  }
}

function ask(target: number, frame: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const broker = connectSocket({ port: target, host: localHost }, () => broker.write(frame))
    const cut = frames()
    broker.setTimeout(answerMillis, () => broker.destroy(new Error('the broker did not answer what was delivered late')))
    broker.on('data', (bytes) => {
      const [answer] = cut(bytes)
      if (answer === undefined) return
      broker.destroy()
      resolve(answer)
    })
    broker.on('error', reject)
  })
}

const listen = (server: Server, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port, host: localHost }, resolve)
  })
