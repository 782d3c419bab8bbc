import type { RulesComparison } from '#lib/backtest/compare-rules.ts'
import { dollars, exitsText, intervalText, verdictOf } from '#lib/backtest/report/text.ts'
import { dayMillis } from '#lib/clock/durations.ts'
import type { RulesHistory } from '#lib/decisions/read-rules.ts'
import { minute, percent } from '#lib/words/format.ts'
import { alignColumns } from '#lib/words/table.ts'
import type { FiringCounts } from './count-firings.ts'

/** A table of what each rule would have done. */
export function formatFirings({ listings, from, to, rules }: FiringCounts): string {
  if (from === null || to === null) return 'no scored listing there: nothing to try the rules on\n'
  const days = Math.max((to - from) / dayMillis, 1 / 24)
  const rows = rules.map(({ rule, candidates, fired, refused, unanswerable, problem }) => {
    const reasons = Object.entries(refused).map(([reason, count]) => `${reason} ${count}`)
    const trouble = unanswerable === 0 ? [] : [`could not be asked of ${unanswerable}: ${problem}`]
    return [rule, String(fired), (fired / days).toFixed(1), String(candidates), [...reasons, ...trouble].join(', ')]
  })
  const head = ['rule', 'fired', 'a day', 'candidates', 'refused']
  return `${listings} listings from ${minute(from)} to ${minute(to)} UTC\n\n${alignColumns([head, ...rows], { left: [0, 4] }).join('\n')}\n`
}

/** What came of the picks, beside those of the rules in force. */
export function formatMoney({ tried, inForce, difference, execution }: RulesComparison): string {
  const rows = [tried, inForce].map((one, place) => [
    place === 0 ? one.name : `${one.name} (in force)`,
    String(one.picks),
    one.bought.toFixed(0),
    dollars(one.usdPerDay),
    intervalText(one.interval, dollars),
    percent(one.gainedShare),
    exitsText(one.exits),
    dollars(one.oneAccount.stuckUsd),
  ])
  const head = ['', 'picks', 'bought', 'a day', '95%', 'gained', 'resold / alike / unsold / censored', 'stuck']
  const terms = `${dollars(execution.capitalUsd)} each morning, sold within ${execution.horizonHours} h or liquidated at ${percent(execution.liquidationRatio)}`
  return `\n${terms}\n\n${alignColumns([head, ...rows]).join('\n')}\n\n${verdictOf(difference)}\n`
}

/** Newest first: the first judges now. */
export function formatHistory({ changes, isWhole }: RulesHistory, nameOf: (rules: string) => string): string {
  const rows = changes.map(({ rulesHash, rules, at, reason }) => [minute(at), rulesHash.slice(0, 12), nameOf(rules), reason]).reverse()
  const first = isWhole ? [['from the beginning', '', 'default', 'nobody had published rules']] : []
  const older = isWhole ? '' : 'Older decisions have left the log.\n'
  return `${alignColumns([['from (UTC)', 'rule set', 'name', 'why'], ...rows, ...first], { left: 'all' }).join('\n')}\n${older}`
}
