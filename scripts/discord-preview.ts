/**
 * Writes a page with the messages of the notifier as Discord lays them out, from the JSON that is posted:
 * node bin/node.mjs scripts/discord-preview.ts > preview.html
 */

import { describeStatistics, statisticsOf, weekMillis } from '#app/notifier/alert-statistics.ts'
import { alertMessage, digestMessage, goneEdit, type Message, summaryMessage } from '#app/notifier/embed.ts'
import { sampleOutcome } from '#lib/outcomes/testing/outcome-samples.ts'
import { sampleScored, scoredWith } from '#lib/rules/testing/scored-listing-samples.ts'
import { sampleAlert } from '#lib/stages/testing/alert-samples.ts'
import type { StoredMessage } from '../tests/discord/messages.ts'
import { messagesPage } from '../tests/discord/page.ts'

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
const posted = alertMessage(alert, { reference, buttons: 'interactive' })
const week = describeStatistics(statisticsOf(outcomes, { from: observedAt - weekMillis, to: observedAt + 1 }), [])
const messages: (Message | null)[] = [
  posted,
  { ...goneEdit(posted.embeds![0] as never, sampleOutcome()), components: posted.components! },
  digestMessage(many, reference),
  summaryMessage('The week in alerts', week, reference),
]
process.stdout.write(
  messagesPage(
    messages.flatMap((message) => (message === null ? [] : [{ embeds: [], components: [], ...message } as unknown as StoredMessage])),
  ),
)
