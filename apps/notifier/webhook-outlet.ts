import type { AppContext } from '#lib/app/app.ts'
import { FatalError } from '#lib/errors/errors.ts'
import type { Alert } from '#schemas/types.ts'
import { isSimulated, marketplaceLink } from './card.ts'
import type { settings } from './config.ts'
import { createChannelDesk } from './delivery/channel-desk.ts'
import { createIntents } from './delivery/intents.ts'
import type { OutletOptions } from './discord-outlet.ts'
import type { News } from './news.ts'
import type { Outlet } from './outlet.ts'
import { createWebhookPlace, type WebhookMessage } from './webhook/webhook-place.ts'

/** Null: nobody asks for it. */
export function createWebhookOutlet(
  { config, clock }: Pick<AppContext<typeof settings>, 'config' | 'clock'>,
  options: OutletOptions,
): Outlet | null {
  const { WEBHOOK_URL: url, WEBHOOK_SECRET: key, WEBHOOK_TIMEOUT_MILLISECONDS: timeoutMillis } = config
  if (url === null) return null
  if (key === null) throw new FatalError('WEBHOOK_URL is set, WEBHOOK_SECRET is not: nobody could tell our events from others’')
  const place = createWebhookPlace({ url, key, timeoutMillis, clock })
  const intents = createIntents({ ...options.intents, channel: place.name, isOurs: (channel) => channel === place.name })
  const desk = createChannelDesk({
    ...options.basisOf(place.name),
    ...{ place, intents },
    message: alertEvent,
    // A program has time for each.
    digest: null,
  })
  return {
    name: 'webhook',
    intents,
    deskFor: () => desk,
    announce: (news) => desk.announce({ id: news.id, expiresAt: news.expiresAt, message: () => newsEvent(news) }),
    desks: [desk],
  }
}

/** The alert as it was decided, with all that it was decided from. */
const alertEvent = (alert: Alert): WebhookMessage => ({
  type: 'alert',
  data: { ...alert, link: marketplaceLink(alert.scored.listing.item.tokenId), simulated: isSimulated(alert.scored.listing) },
})

const newsEvent = ({ type, title, data }: News): WebhookMessage => ({ type, data: { title, ...data } })
