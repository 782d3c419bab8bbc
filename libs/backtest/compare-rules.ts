/** What a rule set would have earned on recorded listings, beside the one that was in force: the same forecasts, the same policy of selling. */
import type { Archive } from '#lib/archive/archive.ts'
import { RejectedError } from '#lib/errors/errors.ts'
import { payloadOf } from '#lib/market/event.ts'
import { defaultRules } from '#lib/rules/presets.ts'
import { parseRuleSet, type RuleSet, rulesHashOf } from '#lib/rules/rule-set.ts'
import { createAlerterProcessor, isAlert } from '#lib/stages/alerter.ts'
import type { LogRecord } from '#lib/stream/log.ts'
import type { MarketEvent, ScoredListing } from '#schemas/types.ts'
import { candidateOf } from './candidate-of.ts'
import type { Verdict } from './chain.ts'
import type { Candidate } from './money/candidate.ts'
import { type Comparison, compareByDay, fixed, moneyOf, type StrategyMoney } from './money/contest.ts'
import { daysOf } from './money/days.ts'
import { opportunityOf } from './money/opportunity.ts'
import { type PickSummary, summarisePicks } from './money/picks.ts'
import { createSaleBook } from './money/sale-book.ts'
import { defaultExecution, type ExecutionSettings } from './money/settings.ts'
import { isAlerted, oncePerListing } from './money/strategies.ts'

export type RulesMoney = Readonly<{ name: string; rulesHash: string; summary: PickSummary } & Omit<StrategyMoney, 'name' | 'draws'>>

export type RulesComparison = Readonly<{
  tried: RulesMoney
  /** The last that the archive names; the preset `default` where it names none. */
  inForce: RulesMoney
  difference: Comparison
  countedDays: number
  execution: ExecutionSettings
}>

/** Judges record after record, then counts the money. Listings have their recorded times, so the race is the observed one. */
export function createRulesContest(tried: RuleSet, { sales, inForce }: MarketPast) {
  const judges = [tried, inForce].map(createJudge)
  const candidates: Candidate[] = []
  return {
    add(scored: ScoredListing, record: Omit<LogRecord, 'value'>): void {
      candidates.push(candidateOf({ scored, verdicts: judges.map((judge) => judge(scored, record)) }))
    },
    result(settings: ExecutionSettings = defaultExecution): RulesComparison | null {
      if (candidates.length === 0 || sales.length === 0) return null
      // Partitions are read one after the other; money is spent in the order of time.
      const inOrder = candidates.sort((one, other) => one.listedAt - other.listedAt)
      const book = createSaleBook(sales)
      const all = oncePerListing(inOrder).map((candidate) => opportunityOf(book, candidate, settings, 'observed'))
      const span = { from: inOrder[0]!.listedAt, to: inOrder.at(-1)!.listedAt + 1 }
      const contest = { days: daysOf(all, span, settings), settings, seed: 1 }
      const [one, other] = [tried, inForce].map((rules, place) => {
        const picks = oncePerListing(inOrder.filter((candidate) => isAlerted(candidate, place)))
        const opportunities = picks.map((candidate) => opportunityOf(book, candidate, settings, 'observed'))
        return { rules, money: moneyOf(fixed(rules.name, opportunities), contest), summary: summarisePicks(opportunities, settings) }
      })
      return {
        tried: rulesMoneyOf(one!),
        inForce: rulesMoneyOf(other!),
        difference: compareByDay(one!.money, other!.money, contest.days),
        countedDays: contest.days.filter(({ counts }) => counts).length,
        execution: settings,
      }
    },
  }
}

function rulesMoneyOf({ rules, money, summary }: { rules: RuleSet; money: StrategyMoney; summary: PickSummary }): RulesMoney {
  const { draws: _, ...rest } = money
  return { ...rest, name: rules.name, rulesHash: rulesHashOf(rules), summary }
}

/** As the alerter: a memory for each partition. */
function createJudge(rules: RuleSet): (scored: ScoredListing, record: Omit<LogRecord, 'value'>) => Verdict {
  const alerter = createAlerterProcessor({ ruleSet: () => rules })
  const states = new Map<number, ReturnType<typeof alerter.initial>>()
  return (scored, record) => {
    const state = states.get(record.partition) ?? alerter.initial(undefined)
    states.set(record.partition, state)
    const [result] = alerter.process([{ value: scored, record }], state)
    if (result?.type === 'emit') return { alerts: result.outputs.map(({ value }) => value).filter(isAlert), refusal: null }
    return { alerts: [], refusal: result?.type === 'skip' ? result.reason : 'refused' }
  }
}

/** What really happened: sales, and which rules were in force at the end. */
export type MarketPast = Readonly<{ sales: readonly MarketEvent[]; inForce: RuleSet }>

/** Null where the market's events are not archived. */
export async function readMarketPast(archive: Archive): Promise<MarketPast | null> {
  if (!(await archive.topics()).some(({ topic }) => topic === 'market.events')) return null
  const topic = await archive.newest('market.events')
  const codec = archive.codec(topic)
  const sales: MarketEvent[] = []
  let inForce = defaultRules
  for await (const { value } of archive.records(topic)) {
    const event = value === null ? null : await decoded(() => codec.decode('MarketEvent', value))
    if (event === null) continue
    const payload = payloadOf(event)
    if (payload.kind === 'Sale') sales.push(event)
    if (payload.kind === 'RulesChanged') inForce = parseRuleSet(payload.value.rules)
  }
  return { sales, inForce }
}

async function decoded(decode: () => Promise<MarketEvent> | MarketEvent): Promise<MarketEvent | null> {
  try {
    return await decode()
  } catch (error) {
    if (error instanceof RejectedError) return null
    throw error
  }
}
