import { defineConfig, integer } from '#lib/app/config.ts'
import type { Clock } from '#lib/clock/clock.ts'
import { type Budget, createBudget, keyLimits } from './budget.ts'
import type { BudgetUser } from './shares.ts'
import type { Spent } from './spent.ts'

/** Settings of every app that asks the marketplace: the quota is the key's, and they share it (budget.ts). */
export const keySettings = defineConfig({
  MARKETPLACE_REQUESTS_PER_MINUTE: {
    schema: integer(0, 1_000_000_000),
    default: '0',
    unit: '1/min',
    description: 'What the key may ask, as its console says; each process keeps to its share. 0: no limit known.',
  },
  MARKETPLACE_REQUESTS_PER_DAY: {
    schema: integer(0, 1_000_000_000),
    default: '0',
    unit: '1/d',
    description: 'Likewise of a day.',
  },
})

type KeyQuota = Readonly<Record<keyof typeof keySettings, number>>

/** The part of the key's quota that is this user's. `spent`: what all who use the key know; absent where nobody else does. */
export const budgetOf = (user: BudgetUser, clock: Clock, quota: KeyQuota, spent?: Spent): Budget =>
  createBudget({
    clock,
    user,
    limits: keyLimits(quota.MARKETPLACE_REQUESTS_PER_MINUTE, quota.MARKETPLACE_REQUESTS_PER_DAY),
    ...(spent && { spent }),
  })
