/**
 * Writes a page with the messages of the notifier as Discord lays them out, from the JSON that is posted:
 * node bin/node.mjs scripts/preview/discord-preview.ts > preview.html
 */

import { describeStatistics, statisticsOf, weekMillis } from '#app/notifier/alert-statistics.ts'
import { alertMessage, digestMessage, goneEdit, type Message, newsMessage } from '#app/notifier/embed.ts'
import { sampleOutcome } from '#lib/outcomes/testing/outcome-samples.ts'
import { sampleScored, scoredWith } from '#lib/rules/testing/scored-listing-samples.ts'
import { sampleAlert } from '#lib/stages/testing/alert-samples.ts'
import type { StoredMessage } from '../../tests/discord/messages.ts'
import { messagesPage } from '../../tests/discord/page.ts'

const reference = '3f2a9c11d05b7e48'
const alert = sampleAlert()
const many = Array.from({ length: 31 }, (_, index) =>
  sampleAlert(scoredWith({ listing: { item: { ...sampleScored.listing.item, tokenId: String(7_450_197 + index) } } }), {
    netGainUsd: 64 - index,
  }),
)
const { observedAt } = sampleScored.listing
const outcomes = Array.from({ length: 40 }, (_, index) =>
  sampleOutcome({
    alertId: `a${index}`,
    kind: index % 3 === 0 ? 'random' : 'alert',
    netUsd: index % 4 === 0 ? null : 30 - index,
    bought: index % 5 === 0,
  }),
)
/** An Origin that has grown since it was sold last, with bids, a hat, and the floor of its collection. */
const origin = sampleAlert({
  ...scoredWith({
    listing: {
      item: {
        ...sampleScored.listing.item,
        parts: { ...sampleScored.listing.item.parts, back: 'back-anemone-2', tail: 'tail-koi-2' },
        attributes: {
          ...{ title: 'origin', bodyShape: 'Normal', level: 31, onchainLevel: 24, isBanned: false, evolvedParts: 2, nightmareParts: 0 },
          ...{ mystic: 0, japanese: 0, xmas: 0, summer: 0, unknownParts: 0, accessories: [{ name: 'Straw Hat', rarity: 'Rare' }] },
        },
      },
      bids: { count: 3, usd: 61.5, token: 'ETH', amount: 0.0205 },
    },
    context: {
      collection: { name: 'origin', floorUsd: 240, asks: 12 },
      ownLastSale: {
        usd: 60,
        soldAt: sampleScored.listing.observedAt - 9 * 86_400_000,
        breedCount: 1,
        relative: null,
        level: 3,
        evolvedParts: 0,
      },
    },
  }),
  unseen: ['level'],
})
const posted = alertMessage(alert, { reference, buttons: 'interactive' })
const week = describeStatistics(statisticsOf(outcomes, { from: observedAt - weekMillis, to: observedAt + 1 }), [])
const messages: (Message | null)[] = [
  posted,
  alertMessage(origin, { reference, buttons: 'interactive' }),
  { ...goneEdit(posted.embeds![0] as never, sampleOutcome()), components: posted.components! },
  digestMessage(many, reference),
  newsMessage({ title: 'The week in alerts', text: week }, reference),
]
process.stdout.write(
  messagesPage(
    messages.flatMap((message) => (message === null ? [] : [{ embeds: [], components: [], ...message } as unknown as StoredMessage])),
  ),
)
