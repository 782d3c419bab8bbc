import type { APIEmbed, RESTGetAPIChannelMessagesResult, RESTPostAPIChannelMessageResult } from 'discord.js'
import { DiscordAPIError, HTTPError, RateLimitError, REST, Routes } from 'discord.js'
import type { Place, Posting } from './delivery/place.ts'
import { isUnsent } from './delivery/unsent.ts'
import { type Message, referenceMark } from './embed.ts'

/** A channel of Discord. */
export interface Poster extends Place<Message> {
  /** Null: it is no longer there. Rejects when it cannot be read now. */
  embedOf(messageId: string): Promise<APIEmbed | null>
  edit(messageId: string, message: Message): Promise<void>
}

export type PosterOptions = Readonly<{
  /** For example https://discord.com/api */
  apiUrl: string
  timeoutMillis: number
  onRequest?: () => void
}>

/** What is waited for or tried again is ours to decide, with deadlines in hand: the client only tells. */
function createRest({ apiUrl, timeoutMillis }: PosterOptions): REST {
  return new REST({ api: apiUrl, retries: 0, timeout: timeoutMillis, rejectOnRateLimit: () => true })
}

/** With a bot's token: Discord itself refuses a second message with the same nonce, and the channel can be read. */
export function createBotPoster(options: PosterOptions & Readonly<{ token: string; channelId: string }>): Poster {
  const { token, channelId, onRequest } = options
  const rest = createRest(options).setToken(token)
  return {
    name: `discord:${channelId}`,
    recall: 'look',
    post(message, nonce) {
      onRequest?.()
      return posting(() => rest.post(Routes.channelMessages(channelId), { body: { ...message, nonce, enforce_nonce: true } }))
    },
    find: (reference, sinceMillis) => withoutSecrets(() => findIn(rest, channelId, reference, sinceMillis)),
    embedOf: (messageId) =>
      withoutSecrets(() => orNull(async () => firstEmbed(await rest.get(Routes.channelMessage(channelId, messageId))))),
    edit: (messageId, message) =>
      withoutSecrets(async () => void (await orNull(() => rest.patch(Routes.channelMessage(channelId, messageId), { body: message })))),
  }
}

/** The address of a webhook is its secret. It has neither nonce nor memory. */
export type Webhook = Readonly<{ id: string; token: string }>

export function createWebhookPoster(options: PosterOptions & Readonly<{ webhook: Webhook }>): Poster {
  const { id, token } = options.webhook
  const rest = createRest(options)
  const query = new URLSearchParams({ wait: 'true', with_components: 'true' })
  return {
    name: `webhook:${id}`,
    recall: 'none',
    post(message) {
      options.onRequest?.()
      return posting(() => rest.post(Routes.webhook(id, token), { body: message, query, auth: false }))
    },
    find: () => Promise.reject(new Error('a webhook cannot read its channel')),
    embedOf: (messageId) =>
      withoutSecrets(() => orNull(async () => firstEmbed(await rest.get(Routes.webhookMessage(id, token, messageId), { auth: false })))),
    edit: (messageId, message) =>
      withoutSecrets(async () => {
        await orNull(() => rest.patch(Routes.webhookMessage(id, token, messageId), { body: message, auth: false }))
      }),
  }
}

async function posting(request: () => Promise<unknown>): Promise<Posting> {
  try {
    return { type: 'posted', messageId: ((await request()) as RESTPostAPIChannelMessageResult).id }
  } catch (error) {
    if (error instanceof RateLimitError) return { type: 'limited', retryAfterMillis: Math.max(1, error.retryAfter, error.sublimitTimeout) }
    const problem = problemOf(error)
    // A token that is no longer good is a matter of settings: the alert waits for it as long as it can.
    if (error instanceof DiscordAPIError) return { type: error.status === 401 ? 'unsent' : 'refused', problem }
    return { type: isUnsent(codeOf(error)) ? 'unsent' : 'unknown', problem }
  }
}

const codeOf = (error: unknown): string => String((error as { code?: unknown }).code ?? '')

/** discord.js's own errors carry the address (which holds a webhook's token) and the whole request. */
function problemOf(error: unknown): string {
  if (error instanceof DiscordAPIError)
    return `Discord answered ${error.status}, code ${error.code}: ${error.rawError && 'message' in error.rawError ? error.rawError.message : 'no message'}`
  if (error instanceof HTTPError) return `Discord answered ${error.status}`
  if (error instanceof RateLimitError) return `rate limited for ${Math.ceil(error.retryAfter)} ms`
  if ((error as Error).name === 'AbortError') return 'no answer from Discord in time'
  return `Discord cannot be reached (${codeOf(error) || (error as Error).name})`
}

async function withoutSecrets<T>(request: () => Promise<T>): Promise<T> {
  try {
    return await request()
  } catch (error) {
    throw new Error(problemOf(error))
  }
}

async function orNull<T>(request: () => Promise<T>): Promise<T | null> {
  try {
    return await request()
  } catch (error) {
    if (error instanceof DiscordAPIError && error.status === 404) return null
    throw error
  }
}

const firstEmbed = (message: unknown): APIEmbed | null => (message as RESTPostAPIChannelMessageResult).embeds[0] ?? null

const discordEpoch = 1_420_070_400_000n
/** Ids of messages begin with their time. Clocks may differ by this much. */
const clockSkewMillis = 60_000
const pageSize = 100
const maxPages = 20

async function findIn(rest: REST, channelId: string, reference: string, sinceMillis: number): Promise<string | null> {
  let after = String((BigInt(Math.floor(sinceMillis)) - BigInt(clockSkewMillis) - discordEpoch) << 22n)
  for (let page = 0; page < maxPages; page++) {
    const query = new URLSearchParams({ after, limit: String(pageSize) })
    const messages = (await rest.get(Routes.channelMessages(channelId), { query })) as RESTGetAPIChannelMessagesResult
    const mark = referenceMark(reference)
    const found = messages.find(({ embeds }) => embeds.some(({ footer }) => footer?.text.includes(mark) === true))
    if (found !== undefined) return found.id
    if (messages.length < pageSize) return null
    after = messages.map(({ id }) => id).reduce((newest, id) => (BigInt(id) > BigInt(newest) ? id : newest))
  }
  throw new Error(`more than ${maxPages * pageSize} messages since then: it cannot be told whether ours is among them`)
}
