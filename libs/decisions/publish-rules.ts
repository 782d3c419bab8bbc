import type { Codec } from '#lib/codec/codec.ts'
import { RejectedError } from '#lib/errors/errors.ts'
import { rulesChangedEvent } from '#lib/market/event.ts'
import type { ObjectStore } from '#lib/objectstore/object-store.ts'
import { type RuleSet, ruleSetText } from '#lib/rules/rule-set.ts'
import { createRulesStore } from '#lib/rules/rules-store.ts'
import type { Log } from '#lib/stream/log.ts'
import { sendDecisions } from './promote.ts'
import { readModels } from './read-models.ts'
import { readRules, rulesBefore, rulesInForce } from './read-rules.ts'

export type PublishContext = Readonly<{ log: Log; codec: Codec; store: ObjectStore; prefix: string }>

/**
 * Makes a rule set the one that judges, from the next event of the market on: first the document is durable in the store, then the event
 * names it. A moment after the newest event, so that going back to a rule set of before is a new event, not a repeated one.
 */
export async function publishRules(context: PublishContext, rules: RuleSet, reason: string): Promise<{ rulesHash: string; at: number }> {
  const { market } = await readModels(context)
  if (market === null) throw new RejectedError('market_empty', 'expected a market with events to change the rules of, found none')
  const rulesHash = await createRulesStore(context.store).publish(rules)
  const at = market.clock + 1
  const observation = { observedAt: at, origin: 'live', source: market.source } as const
  await sendDecisions(context, [rulesChangedEvent({ rulesHash, rules: ruleSetText(rules), reason }, observation)])
  return { rulesHash, at }
}

/** Publishes the rules that were in force before. RejectedError no_predecessor where there are none, or none are known any more. */
export async function rollBackRules(
  context: PublishContext,
  reason: string,
): Promise<{ name: string; rulesHash: string; at: number; before: string | null }> {
  const history = await readRules(context)
  const rules = rulesBefore(history)
  if (rules === null)
    throw new RejectedError(
      'no_predecessor',
      'rollback: no other rules were in force before; flipstream rules publish FILE, default or classic',
    )
  const before = rulesInForce(history)?.rulesHash ?? null
  return { name: rules.name, ...(await publishRules(context, rules, `rollback: ${reason}`)), before }
}
