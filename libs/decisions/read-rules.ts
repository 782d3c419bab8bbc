import type { Codec } from '#lib/codec/codec.ts'
import { RejectedError } from '#lib/errors/errors.ts'
import { payloadOf } from '#lib/market/event.ts'
import { topicName } from '#lib/market/topics.ts'
import { defaultRules, defaultRulesHash } from '#lib/rules/presets.ts'
import { parseRuleSet, type RuleSet, ruleSetText } from '#lib/rules/rule-set.ts'
import type { Log } from '#lib/stream/log.ts'
import type { MarketEvent } from '#schemas/types.ts'

/** One decision about which rules judge, in the order of the market's events. */
export type RulesChange = Readonly<{
  rulesHash: string
  /** Canonical JSON: the document itself. */
  rules: string
  /** On the market's clock, milliseconds. */
  at: number
  reason: string
}>

export type RulesHistory = Readonly<{
  changes: readonly RulesChange[]
  /** Whether all that ever was in the market's events is still there: else older decisions may be forgotten, though in force. */
  isWhole: boolean
}>

/** Reads market.events from its beginning to what is visible now. A value that cannot be decoded is passed over: apps refuse it, too. */
export async function readRules({ log, codec, prefix }: { log: Log; codec: Codec; prefix: string }): Promise<RulesHistory> {
  const changes: RulesChange[] = []
  let isWhole = true
  const startAt = ({ first }: { first: number }): number => {
    if (first > 0) isWhole = false
    return first
  }
  const following = await log.follow(
    [topicName(prefix, 'market.events')],
    async (records) => {
      for (const { value } of records) {
        const event = value === null ? null : await decoded(codec, value)
        const change = event === null ? null : changeOf(event)
        if (change !== null) changes.push(change)
      }
    },
    { startAt },
  )
  await Promise.race([following.caughtUp, following.finished])
  await following.stop()
  return { changes, isWhole }
}

async function decoded(codec: Codec, value: Buffer): Promise<MarketEvent | null> {
  try {
    return await codec.decode('MarketEvent', value)
  } catch (error) {
    if (error instanceof RejectedError) return null
    throw error
  }
}

function changeOf(event: MarketEvent): RulesChange | null {
  const { kind, value } = payloadOf(event)
  return kind === 'RulesChanged' ? { rulesHash: value.rulesHash, rules: value.rules, at: event.observedAt, reason: value.reason } : null
}

/** Where nobody ever published rules, the preset judges. Null where that is forgotten. */
export function rulesInForce({ changes, isWhole }: RulesHistory): Pick<RulesChange, 'rulesHash' | 'rules'> | null {
  return changes.at(-1) ?? (isWhole ? preset : null)
}

const preset = { rulesHash: defaultRulesHash, rules: ruleSetText(defaultRules) }

/**
 * The rules that were in force before the ones that are: what a rollback goes back to. A second rollback goes forward again, as the set that
 * was rolled back is then the one before. Null where there is none, or none is known any more.
 */
export function rulesBefore(history: RulesHistory): RuleSet | null {
  const now = rulesInForce(history)
  const before = history.changes.findLast(({ rulesHash }) => rulesHash !== now?.rulesHash) ?? (history.isWhole ? preset : null)
  return before === null || before.rulesHash === now?.rulesHash ? null : parseRuleSet(before.rules)
}
