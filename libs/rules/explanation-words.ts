import { eth } from '#lib/words/format.ts'
import type { Comparison } from './comparison.ts'
import type { ExplainedCheck, ExplainedComparison, RuleExplanation } from './explain.ts'
import { rejectionWords } from './rejection.ts'

/** An explanation in lines of text: for the terminal and for Discord. What a rule says comes from its file, and may be anything. */
export function describeExplanation({ rule, verdict, reason, checks, highestAskUsd }: RuleExplanation): string[] {
  return [
    `${rule}: ${verdict === 'passed' ? 'yes' : verdict === 'rejected' ? `no, ${rejectionWords(reason ?? '')}` : 'no, it is no candidate'}`,
    ...checks.map((check) => `  ${check.holds ? 'yes' : 'no '}  ${wordsOf(check)}`),
    `  ${highestAskUsd === null ? 'passes at no ask' : `passes at an ask of at most ${dollars(highestAskUsd)}`}`,
  ]
}

function wordsOf(check: ExplainedCheck): string {
  if (check.kind === 'numbers')
    return check.anyOf.length === 0 ? 'nothing similar to compare with' : check.anyOf.map(comparison).join(', or ')
  const values = Object.entries(check.evidence).map(([name, value]) => `${name} = ${value === null ? 'unknown' : shown(value)}`)
  const problem = check.problem === null ? '' : ` (cannot be answered: ${check.problem})`
  return `${check.when.replace(/\s+/g, ' ').trim()}${problem}${values.length === 0 ? '' : `, where ${values.join(', ')}`}`
}

const comparison = ({ what, value, relation, limit, unit, limitIs }: ExplainedComparison): string =>
  `${what} ${number(value, unit)} ${relation} ${number(limit, unit)}${limitIs === undefined ? '' : ` (${limitIs})`}`

function number(value: number | null, unit: Comparison['unit']): string {
  if (value === null) return 'unknown'
  if (value === Number.MAX_SAFE_INTEGER) return 'any'
  switch (unit) {
    case 'usd':
      return dollars(value)
    case 'eth':
      return eth(value)
    case 'hours':
      return `${shown(round(value, 1))} h`
    case 'minutes':
      return `${shown(round(value, 1))} min`
    case 'count':
    case 'plain':
      return shown(round(value, 2))
  }
}

const round = (value: number, digits: number): number => Number(value.toFixed(digits))

const shown = (value: string | number | boolean): string =>
  typeof value === 'number' ? String(Number(value.toPrecision(6))) : JSON.stringify(value)

const grouped = new Intl.NumberFormat('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 })

/** With cents however large: a limit may lie a cent away. */
const dollars = (value: number): string => `${value < 0 ? '-' : ''}$${grouped.format(Math.abs(value))}`
