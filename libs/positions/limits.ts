import { dayMillis } from '#lib/clock/durations.ts'
import type { Alert, Position } from '#schemas/types.ts'
import { netOf } from './position-result.ts'

/** How much an account may risk. Null: no limit. Dollars are what was paid. */
export type Limits = Readonly<{
  /** At the start; a sale gives back what it left after the fee. */
  bankroll: number | null
  perTrade: number | null
  /** Purchases of one day, UTC. */
  perDay: number | null
  /** Positions at once. */
  maxOpen: number | null
  perClass: number | null
  perSeller: number | null
  perRule: number | null
}>

export type LimitName = keyof Limits

export type LimitPassed = Readonly<{ limit: LimitName; reason: string }>

export type Exposure = Readonly<{ positions: readonly Position[]; now: number; feeRatio: number }>

/** The first limit that buying this alert at its ask would pass; null: none. */
export function limitPassed(
  limits: Limits,
  { positions, now, feeRatio }: Exposure,
  { rule, scored: { listing } }: Alert,
): LimitPassed | null {
  const { ask, item } = listing
  const seller = listing.seller.toLowerCase()
  const open = positions.filter(({ soldAt }) => soldAt === null)
  const cost = (those: readonly Position[]): number => those.reduce((sum, { boughtUsd }) => sum + boughtUsd, 0)
  const result = positions.reduce((sum, position) => sum + (netOf(position, feeRatio) ?? 0), 0)
  const today = Math.floor(now / dayMillis)
  const bound: Readonly<Record<LimitName, number>> = {
    bankroll: cost(open) - result + ask.usd,
    perTrade: ask.usd,
    perDay: cost(positions.filter(({ boughtAt }) => Math.floor(boughtAt / dayMillis) === today)) + ask.usd,
    maxOpen: open.length + 1,
    perClass: cost(open.filter((position) => position.class === item.class)) + ask.usd,
    perSeller: cost(open.filter((position) => position.seller === seller)) + ask.usd,
    perRule: cost(open.filter((position) => position.rule === rule)) + ask.usd,
  }
  for (const [limit, most] of Object.entries(limits) as [LimitName, number | null][]) {
    if (most === null || bound[limit] <= most) continue
    const shown = (value: number) => (limit === 'maxOpen' ? `${value}` : `$${value.toFixed(2)}`)
    return { limit, reason: `limit ${limit}: with it ${shown(bound[limit])}, at most ${shown(most)}` }
  }
  return null
}
