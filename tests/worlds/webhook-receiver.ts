import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { keyOf, type WebhookHeaders } from '#app/notifier/webhook/signature.ts'
import { isGenuine } from '#app/notifier/webhook/testing/is-genuine.ts'
import { systemClock } from '#lib/clock/clock.ts'

/** How the next request is answered; `cut`: the connection ends without a word, `cut_after`: once it was taken. */
export type Answer = Readonly<{ status: number; headers?: Readonly<Record<string, string>> }> | 'cut' | 'cut_after'

export type Received = Readonly<{ id: string; isGenuine: boolean; event: { id: string; type: string; timestamp: string; data: never } }>

/** For tests: a real HTTP server that takes what the notifier posts, and verifies who it is from. */
export async function startWebhookReceiver() {
  const secret = `whsec_${Buffer.from('what only the two of us can know').toString('base64')}`
  const key = keyOf(secret) as Buffer
  const taken: Received[] = []
  let requests = 0
  const answers: Answer[] = []
  let onRequest = () => {}

  const server = createServer(async (request, response) => {
    const body = await textOf(request)
    requests++
    onRequest()
    const answer = answers.shift() ?? { status: 204 }
    if (answer === 'cut') return void request.socket.destroy()
    if (answer === 'cut_after' || answer.status < 300) {
      const headers = request.headers as unknown as WebhookHeaders
      const genuine = isGenuine(key, headers, { body, now: systemClock.now(), toleranceMillis: 300_000 })
      taken.push({ id: headers['webhook-id'], isGenuine: genuine, event: JSON.parse(body) })
    }
    if (answer === 'cut_after') return void request.socket.destroy()
    response.writeHead(answer.status, answer.headers).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo

  return {
    url: `http://127.0.0.1:${port}/hooks/a-token-that-nobody-is-told`,
    secret,
    /** What it took, in order. */
    taken,
    requests: () => requests,
    answer: (...next: readonly Answer[]) => void answers.push(...next),
    onRequest(listener: () => void) {
      onRequest = listener
    },
    close: () => new Promise<void>((resolve) => void server.close(() => resolve()).closeAllConnections()),
  }
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}
