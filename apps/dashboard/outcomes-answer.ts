import type { z } from 'zod'
import type { Outcome } from '#schemas/types.ts'
import type { OutcomesAnswer, outcomesQuery } from './api-schemas.ts'

type Query = z.output<typeof outcomesQuery>

/** Those that match, counted whole, and one page of them. `classOf`: null where the axie is not remembered. */
export function outcomesOf(
  outcomes: readonly Outcome[],
  query: Query,
  classOf: (axieId: string) => string | null,
): Omit<OutcomesAnswer, 'simulated'> {
  const rows = outcomes.filter((outcome) => matches(outcome, query)).map((outcome) => rowOf(outcome, classOf(outcome.tokenId)))
  const matching = query.class === undefined ? rows : rows.filter((row) => row.class?.toLowerCase() === query.class?.toLowerCase())
  const nets = matching.flatMap(({ netUsd }) => netUsd ?? [])
  const { sort, order, offset, limit } = query
  const sign = order === 'asc' ? 1 : -1
  const sorted = matching.sort((a, b) => {
    const [one, other] = [a[sort], b[sort]]
    if (one === null || other === null) return Number(one === null) - Number(other === null)
    return sign * (one - other) || (a.alertId < b.alertId ? -1 : 1)
  })
  return {
    total: matching.length,
    resold: nets.length,
    gained: nets.filter((net) => net > 0).length,
    sumNetUsd: nets.reduce((sum, net) => sum + net, 0),
    outcomes: sorted.slice(offset, offset + limit),
  }
}

function matches(outcome: Outcome, { kind, rule, status, bought, axieId, from, to, minNetUsd }: Query): boolean {
  const is = <Value>(wanted: Value | undefined, value: Value) => wanted === undefined || wanted === value
  return (
    is(kind, outcome.kind) &&
    is(rule, outcome.rule) &&
    is(status, outcome.status) &&
    is(axieId, outcome.tokenId) &&
    is(bought, outcome.bought ? 'true' : 'false') &&
    outcome.alertedAt >= (from ?? Number.NEGATIVE_INFINITY) &&
    outcome.alertedAt < (to ?? Number.POSITIVE_INFINITY) &&
    (minNetUsd === undefined || (outcome.netUsd !== null && outcome.netUsd >= minNetUsd))
  )
}

function rowOf({ tokenId, netEth: _netEth, askEth: _askEth, ...outcome }: Outcome, axieClass: string | null) {
  return { ...outcome, axieId: tokenId, class: axieClass }
}
