import { dayMillis, hourMillis } from '#lib/clock/durations.ts'
import type { MoneyEvidence, Outcome } from '#schemas/types.ts'
import { followMillis } from './outcome-of.ts'

/** What the alerts of a rule came to on a day, but for what whoever writes it adds. */
export type RuleDay = Omit<MoneyEvidence, 'modelId' | 'vetoes'>

/** Alerts whose outcome has become certain, by rule and by the day on which it did. */
export interface MoneyBook {
  note(outcomes: readonly Outcome[]): void
  /**
   * Days that are over by the market's clock, oldest first: a function of what happened, whatever the order in which it was heard.
   * @param from alerts from before it are passed over: the log no longer tells what became of them
   */
  daysBefore(clock: number, from: number): RuleDay[]
}

/** A sale becomes known within this long of when it happened. */
const lateMillis = hourMillis

export function createMoneyBook(): MoneyBook {
  const certain = new Map<string, Outcome>()
  return {
    note(outcomes) {
      for (const outcome of outcomes) {
        if (outcome.kind === 'alert' && maturedAt(outcome) !== null) certain.set(outcome.alertId, outcome)
        else certain.delete(outcome.alertId)
      }
    },
    daysBefore(clock, from) {
      const over = [...certain.values()].filter(
        (outcome) => outcome.alertedAt >= from && (dayOf(outcome) + 1) * dayMillis + lateMillis <= clock,
      )
      const groups = Map.groupBy(over, (outcome) => `${textOf(dayOf(outcome))} ${outcome.rule}`)
      return [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, outcomes]) => ruleDayOf(outcomes))
    },
  }
}

/** Sold again with a known price, or still unsold when the time was up. Withdrawn by its seller, nobody could have bought it: no outcome. */
function maturedAt({ status, resoldAt, netUsd, alertedAt }: Outcome): number | null {
  if (status === 'resold') return netUsd === null ? null : resoldAt
  return status === 'censored' ? alertedAt + followMillis : null
}

const dayOf = (outcome: Outcome): number => Math.floor((maturedAt(outcome) as number) / dayMillis)
const textOf = (day: number): string => new Date(day * dayMillis).toISOString().slice(0, 10)

function ruleDayOf(outcomes: readonly Outcome[]): RuleDay {
  const first = outcomes[0] as Outcome
  const nets = outcomes.flatMap(({ netUsd, status }) => (status === 'resold' && netUsd !== null ? [netUsd] : []))
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)
  return {
    rule: first.rule,
    day: textOf(dayOf(first)),
    matured: outcomes.length,
    gained: nets.filter((net) => net > 0).length,
    unsold: outcomes.length - nets.length,
    gainUsd: sum(nets.filter((net) => net > 0)),
    // What an unsold one would have fetched nobody knows: it counts among those that did not gain, and not in dollars.
    lossUsd: 0 - sum(nets.filter((net) => net < 0)),
  }
}
