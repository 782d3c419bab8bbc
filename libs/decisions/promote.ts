import type { Codec } from '#lib/codec/codec.ts'
import { marketKey, modelPromotedEvent, rulesChangedEvent } from '#lib/market/event.ts'
import { topicName } from '#lib/market/topics.ts'
import type { ObjectStore } from '#lib/objectstore/object-store.ts'
import { type RuleSet, ruleSetText } from '#lib/rules/rule-set.ts'
import { createRulesStore } from '#lib/rules/rules-store.ts'
import type { Log } from '#lib/stream/log.ts'
import type { MarketEvent, Source } from '#schemas/types.ts'

export type Promotion = Readonly<{
  /** Market time at which it takes effect. */
  at: number
  source: Source
  modelId: string
  featureSetHash: string
  rules: RuleSet
  reason: string
}>

/**
 * Which model prices and which rules judge are events of the market, in the one order of all others: from these records on, every
 * listing is stamped with them, live and in any replay. A repeated promotion has the same event ids, which the fold counts once.
 */
export async function promote(
  { log, codec, store, prefix }: { log: Log; codec: Codec; store: ObjectStore; prefix: string },
  { at, source, modelId, featureSetHash, rules, reason }: Promotion,
): Promise<void> {
  const observation = { observedAt: at, origin: 'live', source } as const
  // Presets, too: a later version may no longer know them, and what was named must be found for ever.
  const rulesHash = await createRulesStore(store).publish(rules)
  const events = [
    modelPromotedEvent({ modelId, featureSetHash, reason }, observation),
    rulesChangedEvent({ rulesHash, rules: ruleSetText(rules), reason }, observation),
  ]
  await sendDecisions({ log, codec, prefix }, events)
}

/** All or nothing, in their order, behind whatever the market said so far. */
export async function sendDecisions(
  { log, codec, prefix }: { log: Log; codec: Codec; prefix: string },
  events: readonly MarketEvent[],
): Promise<void> {
  await codec.prepare(['MarketEvent'])
  const producer = log.producer()
  try {
    await producer.send(
      events.map((event) => ({ topic: topicName(prefix, 'market.events'), key: marketKey, value: codec.encode('MarketEvent', event) })),
    )
  } finally {
    await producer.close()
  }
}
