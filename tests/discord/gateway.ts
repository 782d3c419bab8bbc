import type { Server } from 'node:http'
import { type WebSocket, WebSocketServer } from 'ws'
import { randomId } from '#lib/clock/clock.ts'

/** Discord's gateway: https://discord.com/developers/docs/events/gateway, as much of it as a bot with one guild meets. */
const op = { dispatch: 0, heartbeat: 1, identify: 2, resume: 6, reconnect: 7, invalidSession: 9, hello: 10, heartbeatAck: 11 } as const
const close = { notAuthenticated: 4_003, authenticationFailed: 4_004, sessionTimedOut: 4_009 } as const

export type GatewayOptions = Readonly<{
  server: Server
  token: string
  user: Readonly<{ id: string; username: string; bot: boolean }>
  guild: Readonly<Record<string, unknown>> & { readonly id: string }
  heartbeatMillis: number
}>

export type Gateway = Readonly<{
  /** To whoever is heard (`listeners`), and to who resumes. Before that it is lost, as a button is that is pressed while a bot starts. */
  dispatch(event: string, data: unknown): void
  /** What happened, in order: hello, identify, heartbeat, resume, … */
  seen: readonly string[]
  /** Connections that have identified or resumed: a connection alone hears nothing yet. */
  listeners(): number
  /** Cuts every connection, as a network does. */
  cut(): void
  /** Asks every connection to reconnect and resume. */
  askToReconnect(): void
  /** The next resume is refused: the session is gone. */
  forgetSessions(): void
  close(): void
}>

type Session = { readonly id: string; readonly sent: { t: string; d: unknown; s: number }[]; socket: WebSocket | null }

export function createGateway({ server, token, user, guild, heartbeatMillis }: GatewayOptions): Gateway {
  const sockets = new WebSocketServer({ server })
  const sessions = new Map<string, Session>()
  const seen: string[] = []

  const send = (socket: WebSocket, opcode: number, d: unknown, more: object = {}) => socket.send(JSON.stringify({ op: opcode, d, ...more }))
  const deliver = (session: Session, t: string, d: unknown) => {
    const entry = { t, d, s: session.sent.length + 1 }
    session.sent.push(entry)
    if (session.socket !== null) send(session.socket, op.dispatch, d, { t, s: entry.s })
  }

  const identify = (socket: WebSocket, data: { token?: string; intents?: number }) => {
    if (data.token !== token) return socket.close(close.authenticationFailed, 'Authentication failed.')
    const session: Session = { id: randomId(), sent: [], socket }
    sessions.set(session.id, session)
    const address = server.address() as { port: number }
    deliver(session, 'READY', {
      v: 10,
      user,
      guilds: [{ id: guild.id, unavailable: true }],
      session_id: session.id,
      resume_gateway_url: `ws://127.0.0.1:${address.port}/gateway`,
      application: { id: user.id, flags: 0 },
    })
    deliver(session, 'GUILD_CREATE', guild)
  }

  const resume = (socket: WebSocket, data: { token?: string; session_id?: string; seq?: number }) => {
    const session = sessions.get(data.session_id ?? '')
    if (data.token !== token || session === undefined) return send(socket, op.invalidSession, false)
    session.socket = socket
    for (const { t, d, s } of session.sent.filter(({ s }) => s > (data.seq ?? 0))) send(socket, op.dispatch, d, { t, s })
    deliver(session, 'RESUMED', {})
  }

  sockets.on('connection', (socket) => {
    seen.push('hello')
    send(socket, op.hello, { heartbeat_interval: heartbeatMillis })
    let isKnown = false
    socket.on('message', (text) => {
      const { op: opcode, d } = JSON.parse(String(text)) as { op: number; d: never }
      if (opcode === op.heartbeat) {
        seen.push('heartbeat')
        return send(socket, op.heartbeatAck, null)
      }
      if (opcode === op.identify || opcode === op.resume) {
        seen.push(opcode === op.identify ? 'identify' : 'resume')
        isKnown = true
        return opcode === op.identify ? identify(socket, d) : resume(socket, d)
      }
      if (!isKnown) socket.close(close.notAuthenticated, 'Not authenticated.')
    })
    socket.on('close', () => {
      for (const session of sessions.values()) if (session.socket === socket) session.socket = null
    })
  })

  return {
    dispatch: (event, data) => {
      for (const session of sessions.values()) deliver(session, event, data)
    },
    seen,
    listeners: () => [...sessions.values()].filter(({ socket }) => socket !== null).length,
    cut: () => {
      for (const socket of sockets.clients) socket.terminate()
    },
    askToReconnect: () => {
      for (const socket of sockets.clients) send(socket, op.reconnect, null)
    },
    forgetSessions: () => sessions.clear(),
    close: () => {
      for (const socket of sockets.clients) socket.terminate()
      sockets.close()
    },
  }
}
