import type { AppContext } from '#lib/app/app.ts'
import { defaultChannel, type settings } from './config.ts'
import { createChannelDesk } from './delivery/channel-desk.ts'
import { createIntents, type IntentsOptions } from './delivery/intents.ts'
import { alertMessage, type Buttons, digestMessage, newsMessage } from './embed.ts'
import type { DeskBasisOf, Outlet } from './outlet.ts'
import { createBotPoster, createWebhookPoster, type Poster } from './poster.ts'

/** Where alerts are posted, by the channel that a rule names. */
export type Posters = Readonly<{ posters: ReadonlyMap<string, Poster>; buttons: Buttons }>

/** Null: nobody asks for Discord. */
export function createPosters({ config }: Pick<AppContext<typeof settings>, 'config'>): Posters | null {
  const options = { apiUrl: config.DISCORD_API_URL, timeoutMillis: config.DISCORD_TIMEOUT_MILLISECONDS }
  const { DISCORD_TOKEN: token, DISCORD_CHANNELS: channels, DISCORD_WEBHOOKS: webhooks } = config
  const each = <Value>(values: ReadonlyMap<string, Value>, create: (value: Value) => Poster) =>
    new Map([...values].map(([channel, value]) => [channel, create(value)]))
  if (token !== null && channels !== null)
    return { posters: each(channels, (channelId) => createBotPoster({ ...options, token, channelId })), buttons: 'interactive' }
  return webhooks === null ? null : { posters: each(webhooks, (webhook) => createWebhookPoster({ ...options, webhook })), buttons: 'links' }
}

export type OutletOptions = Readonly<{ intents: Omit<IntentsOptions, 'channel' | 'isOurs'>; basisOf: DeskBasisOf }>

/** A desk for each channel: one that waits does not hold back the others. */
export function createDiscordOutlet({ posters, buttons }: Posters, options: OutletOptions): Outlet {
  const usual = posters.get(defaultChannel) as Poster
  const intents = createIntents({ ...options.intents, channel: usual.name, isOurs: isDiscord })
  const deskOf = (place: Poster) =>
    createChannelDesk({
      ...options.basisOf(place.name),
      ...{ place, intents },
      message: (alert, reference) => alertMessage(alert, { reference, buttons }),
      digest: digestMessage,
    })
  const desks = new Map([...posters].map(([channel, poster]) => [channel, deskOf(poster)]))
  const desk = desks.get(defaultChannel) as ReturnType<typeof deskOf>
  return {
    name: 'discord',
    intents,
    deskFor: ({ channel }) => desks.get(channel ?? defaultChannel) ?? desk,
    announce: (news) => desk.announce({ id: news.id, expiresAt: news.expiresAt, message: (reference) => newsMessage(news, reference) }),
    desks: [...desks.values()],
  }
}

const isDiscord = (channel: string): boolean => /^(discord|webhook):/.test(channel)
