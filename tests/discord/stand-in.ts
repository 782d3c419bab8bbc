import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { systemClock } from '#lib/clock/clock.ts'
import { createGateway, type Gateway } from './gateway.ts'
import { complaintsOf, type MessageBody, type StoredMessage } from './messages.ts'
import { type Bucket, createBucket, take } from './rate-limits.ts'

/**
 * Stands in for Discord, over real HTTP and WebSocket, for the part of its API that a bot and a webhook need: messages with nonces, rate
 * limits, interactions, the gateway. Faults on demand.
 */
export type Fault =
  /** 429 although the bucket is not empty, as Discord does when it likes. */
  | 'limited'
  /** 5xx before anything happened. */
  | 'failed'
  /** 5xx, and the message is there all the same. */
  | 'failed_after'
  /** The connection breaks before anything happened, or after. */
  | 'cut'
  | 'cut_after'

export type StandInOptions = Readonly<{
  /** Asked for each post of a message; null: none. */
  fault?: () => Fault | null
  /** Messages a channel takes in five seconds. */
  messagesPerWindow?: number
  heartbeatMillis?: number
  /** Milliseconds before each answer. */
  latencyMillis?: number
}>

export type InteractionReply = Readonly<{ id: string; type: number; ephemeral: boolean; content: string | null }>

export type Requested = Readonly<{ at: number; method: string; path: string; body: MessageBody }>

export type StandIn = Readonly<{
  apiUrl: string
  token: string
  channelId: string
  otherChannelId: string
  webhook: Readonly<{ id: string; token: string; url: string }>
  gateway: Gateway
  /** What is in the channels, oldest first. */
  messages(channelId?: string): readonly StoredMessage[]
  requests: readonly Requested[]
  replies: ReadonlyMap<string, InteractionReply>
  commands(): readonly { name: string }[]
  /** Presses a button of a message; the id of the interaction. */
  press(message: StoredMessage, customId: string, person?: Person): string
  type(name: string, options?: Readonly<Record<string, string | number>>, person?: Person & { channelId?: string }): string
  setFault(fault: StandInOptions['fault'] | null): void
  close(): Promise<void>
}>

export type Person = Readonly<{ id?: string; permissions?: string; roles?: readonly string[] }>

const discordEpoch = 1_420_070_400_000
const botId = '900000000000000001'
const guildId = '900000000000000002'
/** A role of the guild, for those who give it a meaning. */
export const operatorRole = '900000000000000077'
const windowMillis = 5_000
const nonceMillis = 180_000
const nobody = '0'

export async function startDiscord(options: StandInOptions = {}): Promise<StandIn> {
  const { messagesPerWindow = 5, heartbeatMillis = 41_250, latencyMillis = 0 } = options
  let fault = options.fault ?? (() => null)
  const token = 'stand-in.bot-token.of-no-value'
  const channelId = '900000000000000010'
  const otherChannelId = '900000000000000011'
  const webhook = { id: '900000000000000020', token: 'stand-in-webhook-token' }
  const webhookChannel = '900000000000000012'
  const stored: StoredMessage[] = []
  const requests: Requested[] = []
  const replies = new Map<string, InteractionReply>()
  const nonces = new Map<string, { message: StoredMessage; at: number }>()
  const buckets = new Map<string, Bucket>()
  let commands: { name: string }[] = []
  let sequence = 0
  const server = createServer((request, response) => {
    answer(request, response).catch((error: Error) => {
      process.stderr.write(`Discord stand-in: ${error.stack}\n`)
      response.destroy()
    })
  })

  const nextId = () => String((BigInt(systemClock.now() - discordEpoch) << 22n) + BigInt(sequence++ % 4_096))
  const json = (response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}) => {
    if (status === 204) response.writeHead(status, headers).end()
    else response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
  }
  const refuse = (response: ServerResponse, status: number, code: number, message: string, headers?: Record<string, string>) =>
    json(response, status, { message, code }, headers)

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://stand-in')
    const path = url.pathname.replace(/^\/api\/v10/, '')
    const text = await bodyOf(request)
    const body = (text === '' ? {} : JSON.parse(text)) as MessageBody
    requests.push({ at: systemClock.now(), method: request.method ?? 'GET', path, body })
    if (latencyMillis > 0) await systemClock.sleep(latencyMillis)
    const steps = path.split('/').filter(Boolean)
    if (steps[0] === 'interactions') return interactionCallback(steps, body as never, response)
    if (steps[0] === 'webhooks') return webhookRequest(request, steps, url, body, response)
    if (request.headers.authorization !== `Bot ${token}`) return refuse(response, 401, 0, '401: Unauthorized')
    if (path === '/gateway/bot') {
      const limit = { total: 1_000, remaining: 1_000, reset_after: 0, max_concurrency: 1 }
      return json(response, 200, { url: `ws://127.0.0.1:${port()}/gateway`, shards: 1, session_start_limit: limit })
    }
    if (steps[0] === 'applications') {
      commands = body as never
      return json(
        response,
        200,
        commands.map((command, index) => ({ ...command, id: String(index + 1), application_id: botId, version: '1' })),
      )
    }
    if (steps[0] === 'channels') return channelRequest(request, steps, url, body, response)
    return refuse(response, 404, 0, '404: Not Found')
  }

  function channelRequest(request: IncomingMessage, steps: string[], url: URL, body: MessageBody, response: ServerResponse) {
    const [, channel = '', , messageId] = steps
    if (channel !== channelId && channel !== otherChannelId) return refuse(response, 404, 10_003, 'Unknown Channel')
    const limited = take(
      bucketOf(`${request.method}:${channel}:${messageId === undefined ? 'messages' : 'message'}`),
      channel,
      systemClock.now(),
    )
    if (limited.waitMillis !== null) return tooMany(response, limited.waitMillis, limited.headers)
    if (request.method === 'POST') return post(channel, body, response, limited.headers)
    if (messageId !== undefined) return oneMessage(request, channel, messageId, body, response, limited.headers)
    const after = BigInt(url.searchParams.get('after') ?? '0')
    const found = stored.filter((message) => message.channel_id === channel && BigInt(message.id) > after)
    return json(response, 200, found.slice(0, Number(url.searchParams.get('limit') ?? '50')).reverse(), limited.headers)
  }

  function webhookRequest(request: IncomingMessage, steps: string[], url: URL, body: MessageBody, response: ServerResponse) {
    const [, id, secret, , messageId] = steps
    if (id === botId && request.method === 'PATCH') return editReply(secret ?? '', body, response)
    if (id !== webhook.id || secret !== webhook.token) return refuse(response, 404, 10_015, 'Unknown Webhook')
    const limited = take(bucketOf(`webhook:${request.method}`), id, systemClock.now())
    if (limited.waitMillis !== null) return tooMany(response, limited.waitMillis, limited.headers)
    if (messageId !== undefined) return oneMessage(request, webhookChannel, messageId, body, response, limited.headers)
    // Without the flag a webhook's components are dropped; others than links are refused.
    const buttons = (body.components ?? []).flatMap((row) => row.components ?? [])
    if (buttons.some(({ style }) => style !== 5)) return refuse(response, 400, 50_035, 'Webhooks may only send links as buttons')
    const components = url.searchParams.get('with_components') === 'true' ? body.components : []
    return post(
      webhookChannel,
      { ...body, components: components ?? [] },
      response,
      limited.headers,
      url.searchParams.get('wait') === 'true',
    )
  }

  const bucketOf = (key: string): Bucket => {
    const isPost = key.startsWith('POST') || key === 'webhook:POST'
    const bucket = buckets.get(key) ?? createBucket(isPost ? messagesPerWindow : 50, windowMillis)
    buckets.set(key, bucket)
    return bucket
  }

  const tooMany = (response: ServerResponse, waitMillis: number, headers: Record<string, string> = {}) =>
    json(
      response,
      429,
      { message: 'You are being rate limited.', retry_after: waitMillis / 1_000, global: false },
      {
        ...headers,
        'retry-after': String(Math.ceil(waitMillis / 1_000)),
        'x-ratelimit-scope': 'user',
      },
    )

  function post(channel: string, body: MessageBody, response: ServerResponse, headers: Record<string, string>, wait = true) {
    const complaints = complaintsOf(body)
    if (complaints.length > 0) return refuse(response, 400, 50_035, `Invalid Form Body: ${complaints.join(' ')}`, headers)
    const happens = fault()
    if (happens === 'limited') return tooMany(response, 300)
    if (happens === 'failed') return refuse(response, 503, 0, 'upstream connect error')
    if (happens === 'cut') return void response.destroy()
    const message = store(channel, body)
    if (happens === 'failed_after') return refuse(response, 502, 0, 'bad gateway')
    if (happens === 'cut_after') return void response.destroy()
    return wait ? json(response, 200, message, headers) : json(response, 204, null, headers)
  }

  function store(channel: string, { embeds = [], components = [], content = '', nonce, enforce_nonce }: MessageBody): StoredMessage {
    const key = `${channel} ${nonce}`
    const same = nonce !== undefined && enforce_nonce === true ? nonces.get(key) : undefined
    if (same !== undefined && same.at > systemClock.now() - nonceMillis) return same.message
    const now = systemClock.now()
    const author = { id: channel === webhookChannel ? webhook.id : botId, username: 'flipstream', bot: true }
    const message = {
      id: nextId(),
      channel_id: channel,
      embeds,
      components,
      content,
      author,
      timestamp: new Date(now).toISOString(),
      edited: 0,
    }
    stored.push(message)
    if (nonce !== undefined) nonces.set(key, { message, at: now })
    return message
  }

  function oneMessage(
    request: IncomingMessage,
    channel: string,
    id: string,
    body: MessageBody,
    response: ServerResponse,
    headers: Record<string, string>,
  ) {
    const index = stored.findIndex((message) => message.id === id && message.channel_id === channel)
    const message = stored[index]
    if (message === undefined) return refuse(response, 404, 10_008, 'Unknown Message')
    if (request.method === 'GET') return json(response, 200, message, headers)
    const complaints = complaintsOf(body)
    if (complaints.length > 0) return refuse(response, 400, 50_035, `Invalid Form Body: ${complaints.join(' ')}`, headers)
    stored[index] = {
      ...message,
      embeds: body.embeds ?? message.embeds,
      components: body.components ?? message.components,
      edited: message.edited + 1,
    }
    return json(response, 200, stored[index], headers)
  }

  function interactionCallback(
    steps: string[],
    body: { type: number; data?: { flags?: number; content?: string } },
    response: ServerResponse,
  ) {
    const [, id = ''] = steps
    if (replies.has(id)) return refuse(response, 400, 40_060, 'Interaction has already been acknowledged.')
    replies.set(id, { id, type: body.type, ephemeral: ((body.data?.flags ?? 0) & 64) !== 0, content: body.data?.content ?? null })
    return json(response, 204, null)
  }

  function editReply(interactionToken: string, { content = '' }: MessageBody, response: ServerResponse) {
    const id = interactionToken.replace(/^token-/, '')
    const reply = replies.get(id)
    if (reply === undefined) return refuse(response, 404, 10_015, 'Unknown Webhook')
    replies.set(id, { ...reply, content })
    return json(response, 200, {
      id: nextId(),
      channel_id: channelId,
      content,
      embeds: [],
      author: { id: botId, username: 'flipstream' },
      attachments: [],
      mentions: [],
      mention_roles: [],
      timestamp: new Date(systemClock.now()).toISOString(),
      type: 0,
    })
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const port = () => (server.address() as AddressInfo).port
  const gateway = createGateway({
    server,
    token,
    user: { id: botId, username: 'flipstream', bot: true },
    guild: guildOf([channelId, otherChannelId]),
    heartbeatMillis,
  })

  const interact = (data: object, person: Person, channel: string, message?: StoredMessage): string => {
    const id = nextId()
    const { id: userId = '900000000000000099', permissions = nobody, roles = [] } = person
    const user = { id: userId, username: 'someone', discriminator: '0', avatar: null }
    gateway.dispatch('INTERACTION_CREATE', {
      id,
      application_id: botId,
      token: `token-${id}`,
      version: 1,
      guild_id: guildId,
      channel_id: channel,
      channel: { id: channel, type: 0 },
      member: { user, roles, permissions, joined_at: new Date(discordEpoch).toISOString(), deaf: false, mute: false, flags: 0 },
      entitlements: [],
      authorizing_integration_owners: {},
      locale: 'en-US',
      ...(message === undefined
        ? {}
        : {
            message: {
              ...message,
              attachments: [],
              mentions: [],
              mention_roles: [],
              type: 0,
              pinned: false,
              tts: false,
              mention_everyone: false,
              edited_timestamp: null,
            },
          }),
      ...data,
    })
    return id
  }

  return {
    apiUrl: `http://127.0.0.1:${port()}/api`,
    token,
    channelId,
    otherChannelId,
    webhook: { ...webhook, url: `http://127.0.0.1:${port()}/api/webhooks/${webhook.id}/${webhook.token}` },
    gateway,
    messages: (channel) => stored.filter((message) => channel === undefined || message.channel_id === channel),
    requests,
    replies,
    commands: () => commands,
    press: (message, customId, person = {}) =>
      interact({ type: 3, data: { component_type: 2, custom_id: customId } }, person, message.channel_id, message),
    type: (name, given = {}, person = {}) => {
      const typed = Object.entries(given).map(([option, value]) => ({ name: option, value, type: typeof value === 'number' ? 4 : 3 }))
      return interact({ type: 2, data: { id: '1', name, type: 1, options: typed } }, person, person.channelId ?? channelId)
    },
    setFault: (next) => {
      fault = next ?? (() => null)
    },
    async close() {
      gateway.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

const guildOf = (channelIds: readonly string[]) => ({
  id: guildId,
  name: 'traders',
  owner_id: '1',
  roles: [guildId, operatorRole].map((id, position) => ({
    id,
    name: id === guildId ? '@everyone' : 'operators',
    permissions: '0',
    position,
    color: 0,
    hoist: false,
    managed: false,
    mentionable: false,
    flags: 0,
  })),
  emojis: [],
  stickers: [],
  features: [],
  members: [],
  channels: channelIds.map((id) => ({ id, type: 0, name: `channel-${id.at(-1)}`, position: 0, permission_overwrites: [] })),
  threads: [],
  presences: [],
  voice_states: [],
  stage_instances: [],
  guild_scheduled_events: [],
  soundboard_sounds: [],
  member_count: 1,
  large: false,
  joined_at: new Date(discordEpoch).toISOString(),
  premium_tier: 0,
  verification_level: 0,
  default_message_notifications: 0,
  explicit_content_filter: 0,
  mfa_level: 0,
  nsfw_level: 0,
  system_channel_flags: 0,
  preferred_locale: 'en-US',
  afk_timeout: 60,
})
