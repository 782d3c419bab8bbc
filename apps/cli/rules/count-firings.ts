import type { Archive } from '#lib/archive/archive.ts'
import { createRulesContest, type RulesComparison, readMarketPast } from '#lib/backtest/compare-rules.ts'
import { expressionOf, judge } from '#lib/rules/judge.ts'
import type { RuleSet } from '#lib/rules/rule-set.ts'
import { createAlerterProcessor } from '#lib/stages/alerter.ts'
import type { LogRecord } from '#lib/stream/log.ts'
import type { ScoredListing } from '#schemas/types.ts'

/** What one rule would have done. */
export type Firings = {
  rule: string
  /** Listings that its own condition or forecast holds for. */
  candidates: number
  fired: number
  /** Candidates refused, by reason; cool-down and hourly limit together as `silenced`. */
  refused: Record<string, number>
  /** Listings its condition could not be asked of, and one reason why. */
  unanswerable: number
  problem: string | null
}

export type ArchivedCounts = FiringCounts & Readonly<{ money: RulesComparison | null }>

export type FiringCounts = Readonly<{ listings: number; from: number | null; to: number | null; rules: readonly Firings[] }>

/** Counts as the alerter would decide: the same code, the same memory per partition. */
export interface FiringCounter {
  add(scored: ScoredListing, record: Omit<LogRecord, 'value'>): void
  result(): FiringCounts
}

export function createFiringCounter(rules: RuleSet): FiringCounter {
  const alerter = createAlerterProcessor({ ruleSet: () => rules })
  const states = new Map<number, ReturnType<typeof alerter.initial>>()
  const counts = new Map<string, Firings>(
    rules.rules.map(({ name }) => [name, { rule: name, candidates: 0, fired: 0, refused: {}, unanswerable: 0, problem: null }]),
  )
  let listings = 0
  let from: number | null = null
  let to: number | null = null

  const judgeAlone = (scored: ScoredListing) => {
    for (const rule of rules.rules) {
      const count = counts.get(rule.name)!
      const answer = rule.forecast.kind === 'expression' ? expressionOf(rule.forecast).answer(scored, rules) : null
      if (answer?.type === 'unanswerable') {
        count.unanswerable++
        count.problem ??= answer.problem
      }
      const verdict = judge(rule, rules, scored)
      if (verdict.type === 'no_candidate') continue
      count.candidates++
      if (verdict.type === 'rejected') count.refused[verdict.reason] = (count.refused[verdict.reason] ?? 0) + 1
    }
  }

  return {
    add(scored, record) {
      listings++
      const { observedAt } = scored.listing
      from = Math.min(from ?? observedAt, observedAt)
      to = Math.max(to ?? observedAt, observedAt)
      judgeAlone(scored)
      const state = states.get(record.partition) ?? alerter.initial(undefined)
      states.set(record.partition, state)
      for (const result of alerter.process([{ value: scored, record }], state))
        if (result.type === 'emit') for (const { value } of result.outputs) counts.get(value.rule)!.fired++
    },
    result() {
      const firings = [...counts.values()].map((count) => {
        const refused = Object.values(count.refused).reduce((sum, number) => sum + number, 0)
        const silenced = count.candidates - refused - count.fired
        return { ...count, refused: silenced === 0 ? count.refused : { ...count.refused, silenced } }
      })
      return { listings, from, to, rules: firings }
    },
  }
}

const progressEvery = 50_000

/**
 * The same over all scored listings of an archive, and what came of the picks in dollars where its market is archived too; one object in
 * memory at a time.
 */
export async function countArchived(rules: RuleSet, archive: Archive, onProgress: (count: number) => void): Promise<ArchivedCounts> {
  const topic = await archive.newest('listings.scored')
  const codec = archive.codec(topic)
  const counter = createFiringCounter(rules)
  const past = await readMarketPast(archive)
  const contest = past === null ? null : createRulesContest(rules, past)
  let count = 0
  for await (const { value, ...record } of archive.records(topic)) {
    if (value !== null) {
      const scored = await codec.decode('ScoredListing', value)
      counter.add(scored, record)
      contest?.add(scored, record)
    }
    if (++count % progressEvery === 0) onProgress(count)
  }
  return { ...counter.result(), money: contest?.result() ?? null }
}
