/** The same picks under other judgements: how far the result hangs on what nobody measured. */

import type { Interval } from '#lib/numbers/interval.ts'
import { type Contest, compareByDay, fixed, moneyUnder, type Strategy } from './contest.ts'
import type { Opportunity } from './opportunity.ts'
import type { ExecutionSettings } from './settings.ts'

export type Sensitivity = Readonly<{
  sellChance: number
  liquidationRatio: number
  alertsUsdPerDay: number
  randomUsdPerDay: number
  interval: Interval | null
  moreThanRandom: Interval | null
}>

export const sellChances = [0.25, 0.5, 1]
export const liquidations = [0, 0.5, 1]

export function sensitivitiesOf(alerted: readonly Opportunity[], random: Strategy, contest: Contest): Sensitivity[] {
  const variants = sellChances.flatMap((sellChance) =>
    liquidations.map((liquidationRatio): ExecutionSettings => ({ ...contest.settings, sellChance, liquidationRatio })),
  )
  const [alerts, others] = [fixed('alerts', alerted), random].map((strategy) => moneyUnder(strategy, contest, variants))
  return variants.map(({ sellChance, liquidationRatio }, place) => {
    const [one, other] = [alerts![place]!, others![place]!]
    return {
      sellChance,
      liquidationRatio,
      alertsUsdPerDay: one.usdPerDay,
      randomUsdPerDay: other.usdPerDay,
      interval: one.interval,
      moreThanRandom: compareByDay(one, other, contest.days).interval,
    }
  })
}
