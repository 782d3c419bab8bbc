import type { FiringCounts } from './count-firings.ts'

const dayMillis = 86_400_000
const minute = (time: number) => new Date(time).toISOString().slice(0, 16).replace('T', ' ')

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
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]!.length)))
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => (column === 0 || column === 4 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
      .join('  ')
      .trimEnd()
  return `${listings} listings from ${minute(from)} to ${minute(to)} UTC\n\n${[head, ...rows].map(line).join('\n')}\n`
}
