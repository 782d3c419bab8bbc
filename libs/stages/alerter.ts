import { hourMillis, minuteMillis } from '#lib/clock/durations.ts'
import { exitOf, judge, netGainUsd, type Verdict } from '#lib/rules/judge.ts'
import { defaultRulesHash } from '#lib/rules/presets.ts'
import type { RejectionReason } from '#lib/rules/rejection.ts'
import { type Costs, maxCooldownMinutes, type Rule, type RuleSet } from '#lib/rules/rule-set.ts'
import type { Input, Processor, Result } from '#lib/stream/processor.ts'
import type { Alert, RejectedCandidate, ScoredListing } from '#schemas/types.ts'
import { reasonOf } from './reason.ts'

/**
 * Memory of the cool-down. A candidate silences its axie whether or not it was itself silenced: were only alerts to count, each would
 * depend on the one before it and so on without end, and no restart could restore the state from a finite piece of the log.
 */
export type AlerterState = {
  /** Running maximum of observedAt. */
  clock: number
  /** By rule and axie: candidates inside the longest cool-down, oldest first. */
  readonly candidates: Map<string, Candidate[]>
  /** The same candidates in the order they came, to forget them. */
  readonly order: { key: string; at: number }[]
  /** Candidates past their cool-down in the current hour of the clock, by rule. */
  readonly hour: { number: number; readonly counts: Map<string, number> }
}

type Candidate = Readonly<{ at: number; askUsd: number }>

export type AlerterOptions = Readonly<{
  /** Rule sets loaded before the batch (see main.ts): the processor itself never waits. */
  ruleSet: (hash: string) => RuleSet | undefined
}>

const cooldownMillis = maxCooldownMinutes * minuteMillis
/** Who was first in an hour depends on the cool-downs of that hour: the spans add up. */
const horizonMillis = cooldownMillis + hourMillis

/** The rules that judge this listing: those in force when it was observed, or the default where none were published by then. */
export const rulesHashFor = ({ listing }: ScoredListing): string => listing.rulesHash ?? defaultRulesHash

/** Only an alert has an id of its own. */
export const isAlert = (decision: Alert | RejectedCandidate): decision is Alert => 'alertId' in decision

/**
 * Decides from the scored record and the cool-down alone. One alert per rule that passes; where none does, a record of the first candidate
 * refused, so that what was missed can be told later.
 */
export function createAlerterProcessor({ ruleSet }: AlerterOptions): Processor<ScoredListing, Alert | RejectedCandidate, AlerterState> {
  const processOne = ({ value: scored }: Input<ScoredListing>, state: AlerterState): Result<Alert | RejectedCandidate> => {
    const rulesHash = rulesHashFor(scored)
    const rules = ruleSet(rulesHash)
    if (rules === undefined) throw new Error(`rule set ${rulesHash} was not loaded before the batch`)
    advance(state, scored.listing.observedAt)
    const verdicts = rules.rules.map((rule) => ({ rule, verdict: withMemory(rule, judge(rule, rules, scored), scored, state) }))
    const passed = verdicts.filter(({ verdict }) => verdict.type === 'passed')
    const key = `axie:${scored.listing.item.tokenId}`
    if (passed.length > 0)
      return { type: 'emit', outputs: passed.map(({ rule }) => ({ topic: 'alerts', key, value: alertOf(scored, rule, rules, rulesHash) })) }
    for (const { rule, verdict } of verdicts) {
      if (verdict.type !== 'rejected') continue
      const value = rejectedOf(scored, rule, verdict.reason, rules, rulesHash)
      return { type: 'skip', reason: verdict.reason, outputs: [{ topic: 'candidates.rejected', key, value }] }
    }
    return { type: 'skip', reason: 'below_margin' }
  }

  return {
    initial: () => ({ clock: Number.NEGATIVE_INFINITY, candidates: new Map(), order: [], hour: { number: Number.NaN, counts: new Map() } }),
    process: (batch, state) => batch.map((input) => processOne(input, state)),
    memory: { horizonMillis, clockOf: ({ value }) => value.listing.observedAt },
  }
}

function advance(state: AlerterState, observedAt: number): void {
  if (!(observedAt > state.clock)) return
  state.clock = observedAt
  const hour = Math.floor(state.clock / hourMillis)
  if (hour !== state.hour.number) {
    state.hour.number = hour
    state.hour.counts.clear()
  }
  while (state.order[0] !== undefined && state.order[0].at <= state.clock - cooldownMillis) {
    const { key } = state.order.shift()!
    const rest = state.candidates.get(key)!.slice(1)
    if (rest.length === 0) state.candidates.delete(key)
    else state.candidates.set(key, rest)
  }
}

function withMemory(rule: Rule, verdict: Verdict, scored: ScoredListing, state: AlerterState): Verdict {
  if (verdict.type !== 'passed') return verdict
  if (!passesCooldown(rule, scored, state)) return { type: 'rejected', reason: 'cooldown' }
  return passesLimit(rule, state) ? verdict : { type: 'rejected', reason: 'hourly_limit' }
}

function passesCooldown(rule: Rule, scored: ScoredListing, state: AlerterState): boolean {
  const { ask, item } = scored.listing
  const key = `${rule.name}:${item.tokenId}`
  const earlier = state.candidates.get(key) ?? []
  const since = state.clock - rule.cooldown.minutes * minuteMillis
  const recent = earlier.filter(({ at }) => at > since)
  state.candidates.set(key, [...earlier, { at: state.clock, askUsd: ask.usd }])
  state.order.push({ key, at: state.clock })
  return recent.every(({ askUsd }) => ask.usd < askUsd * (1 - rule.cooldown.unlessCheaperBy))
}

function passesLimit({ name, maximumAlertsPerHour = Number.POSITIVE_INFINITY }: Rule, { hour: { counts } }: AlerterState): boolean {
  const count = (counts.get(name) ?? 0) + 1
  counts.set(name, count)
  return count <= maximumAlertsPerHour
}

function alertOf(scored: ScoredListing, rule: Rule, costs: RuleSet, rulesHash: string): Alert {
  const { listing } = scored
  return {
    alertId: `${listing.listingId}:${rule.name}`,
    listingId: listing.listingId,
    rule: rule.name,
    rulesHash,
    channel: rule.channel ?? null,
    reason: reasonOf(scored, rule, costs),
    ...netGainsOf(scored, costs),
    deadlineMillis: rule.deadlineSeconds * 1_000,
    scored,
  }
}

function rejectedOf(scored: ScoredListing, { name }: Rule, reason: RejectionReason, costs: RuleSet, rulesHash: string): RejectedCandidate {
  const { listing, modelId, quantilesUsd } = scored
  const { listingId, item, source, observedAt, ask } = listing
  return {
    listingId,
    tokenId: item.tokenId,
    breedCount: item.breedCount,
    rule: name,
    rulesHash,
    reason,
    source,
    modelId,
    observedAt,
    startedAt: ask.startedAt,
    askUsd: ask.usd,
    askEth: ask.eth,
    quantilesUsd,
    ...netGainsOf(scored, costs),
  }
}

function netGainsOf(scored: ScoredListing, costs: Costs) {
  const [{ q25, q50 }, askUsd] = [exitOf(scored), scored.listing.ask.usd]
  return { netGainUsd: netGainUsd(q50, askUsd, costs), netGainLowUsd: netGainUsd(q25, askUsd, costs) }
}
