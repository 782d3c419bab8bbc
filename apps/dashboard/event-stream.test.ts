import { createServer, get, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test, vi } from 'vitest'
import { createEventStream, type EventStream } from './event-stream.ts'

const closers: (() => void)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
})

async function serve(options: Partial<Parameters<typeof createEventStream>[0]> = {}) {
  const events = createEventStream({
    snapshot: () => 'whole',
    maxClients: 10,
    maxClientsPerPerson: 10,
    maxWaitingBytes: 64 * 1024,
    maxMissedBeats: 2,
    ...options,
  })
  const server = createServer(({ headers }, response) => {
    if (!events.open(response, String(headers['x-person']))) response.writeHead(503).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(
    () => server.closeAllConnections(),
    () => void server.close(),
  )
  const { port } = server.address() as AddressInfo
  const open = (person = 'one') =>
    new Promise<IncomingMessage>((resolve) => {
      const request = get({ port, host: '127.0.0.1', headers: { 'x-person': person } }, resolve)
      request.on('error', () => {})
      closers.push(() => request.destroy())
    })
  return { events, open }
}

/** Everything that has come, as text. */
function listen(response: IncomingMessage): () => string {
  let text = ''
  response.setEncoding('utf8')
  response.on('data', (chunk: string) => {
    text += chunk
  })
  return () => text
}

const soon = (check: () => void) => vi.waitFor(check, { timeout: 10_000, interval: 5 })
const fill = (events: EventStream, bytes: number) => events.send('filler', 'x'.repeat(bytes))

test('whoever comes is told everything, then what is new', async () => {
  const { events, open } = await serve()
  const text = listen(await open())
  await soon(() => expect(text()).toBe('event: snapshot\ndata: "whole"\n\n'))
  events.send('listings', ['<b>&\n'])
  await soon(() => expect(text()).toContain('event: listings\ndata: ["<b>&\\n"]\n\n'))
})

test('one who does not read costs little, holds up nobody, and is given the whole picture once it reads again', async () => {
  const { events, open } = await serve()
  const slow = await open()
  const other = listen(await open())
  slow.pause()
  for (let turn = 0; events.skipped() === 0; turn++) {
    fill(events, 50_000)
    await soon(() => expect(other().length).toBeGreaterThan(50_000 * (turn + 1)))
    expect(turn).toBeLessThan(1_000)
  }
  const text = listen(slow)
  slow.resume()
  await soon(() => expect(text().match(/event: snapshot/g)?.length).toBe(2))
  events.send('after', 1)
  await soon(() => expect(text()).toContain('event: after'))
})

test('one who never reads again is let go of', async () => {
  const { events, open } = await serve()
  const slow = await open()
  slow.pause()
  while (events.skipped() === 0) {
    fill(events, 50_000)
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect(events.clients()).toBe(1)
  for (let beat = 0; beat < 3; beat++) events.beat()
  await soon(() => expect(events.clients()).toBe(0))
})

test('no more than may be', async () => {
  const { events, open } = await serve({ maxClients: 1 })
  const first = await open()
  const second = await open()
  expect([first.statusCode, second.statusCode]).toEqual([200, 503])
  expect(events.clients()).toBe(1)
})

test('one person may not take the places of all', async () => {
  const { open } = await serve({ maxClients: 3, maxClientsPerPerson: 2 })
  const statuses = []
  for (const person of ['one', 'one', 'one', 'other', 'third']) statuses.push((await open(person)).statusCode)
  expect(statuses).toEqual([200, 200, 503, 200, 503])
})
