import type { ServerResponse } from 'node:http'

/** Named events as JSON. Anyone who fell behind, or has just come, gets the whole picture instead of what was missed. */
export type EventStream = Readonly<{
  /** False when there are too many already, in all or of this person: nothing was written. */
  open(response: ServerResponse, person: string): boolean
  /** To everyone who keeps up. Nobody else is waited for, and nothing is kept for them. */
  send(event: string, data: unknown): void
  /** A comment, so that either side notices a connection that is dead; and the end of those who have not read for long. */
  beat(): void
  clients(): number
  /** Times that a client was skipped because it did not keep up. */
  skipped(): number
  close(): void
}>

export type EventStreamOptions = Readonly<{
  /** Event `snapshot`: everything there is to know. */
  snapshot(): unknown
  maxClients: number
  maxClientsPerPerson: number
  /** Bytes that wait for a client before it counts as slow. Memory is bounded by this and one snapshot for each. */
  maxWaitingBytes: number
  /** Beats that a slow client may miss before its connection is ended. */
  maxMissedBeats: number
}>

type Client = { readonly response: ServerResponse; readonly person: string; isSlow: boolean; missedBeats: number }

const frame = (event: string, data: unknown): string => `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`

export function createEventStream(options: EventStreamOptions): EventStream {
  const { snapshot, maxClients, maxClientsPerPerson, maxWaitingBytes, maxMissedBeats } = options
  const clients = new Set<Client>()
  let skipped = 0

  const write = (client: Client, text: string): void => {
    client.response.write(text)
    if (client.response.writableLength > maxWaitingBytes) client.isSlow = true
  }
  const recover = (client: Client): void => {
    if (!client.isSlow) return
    client.isSlow = false
    client.missedBeats = 0
    write(client, frame('snapshot', snapshot()))
  }

  return {
    open(response, person) {
      const ofPerson = [...clients].filter((client) => client.person === person).length
      if (clients.size >= maxClients || ofPerson >= maxClientsPerPerson) return false
      response.writeHead(200, {
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
        'x-content-type-options': 'nosniff',
      })
      const client: Client = { response, person, isSlow: false, missedBeats: 0 }
      clients.add(client)
      response.on('drain', () => recover(client))
      response.on('close', () => clients.delete(client))
      response.on('error', () => clients.delete(client))
      write(client, frame('snapshot', snapshot()))
      return true
    },
    send(event, data) {
      if (clients.size === 0) return
      const text = frame(event, data)
      for (const client of clients) {
        if (client.isSlow) skipped++
        else write(client, text)
      }
    },
    beat() {
      for (const client of clients) {
        if (!client.isSlow) client.response.write(': beat\n\n')
        else if (++client.missedBeats > maxMissedBeats) client.response.destroy()
      }
    },
    clients: () => clients.size,
    skipped: () => skipped,
    close() {
      for (const { response } of clients) response.end()
      clients.clear()
    },
  }
}
