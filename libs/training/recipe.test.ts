import { expect, test } from 'vitest'
import { itemVector } from '#lib/features/item-vector.ts'
import { exchangeRateEvent } from '#lib/market/event.ts'
import type { ItemEffects } from '#lib/model/item/item-effects.ts'
import { foldUnder, recipeOf } from './recipe.ts'
import { someSales } from './testing/sales-samples.ts'
import { fastTrainingSettings } from './training-settings.ts'

test('sales before the second era are examples where few sales follow, whatever else follows', () => {
  const sales = someSales(2_100, 1)
  const from = sales[1_050]?.observedAt as number
  const rates = Array.from({ length: 1_000 }, (_, minute) =>
    exchangeRateEvent({ ethUsd: 3_000 }, { observedAt: from + minute * 60_000, origin: 'live', source: 'synthetic' }),
  )
  const events = [...sales, ...rates].sort((a, b) => a.observedAt - b.observedAt)
  const trees = {} as ItemEffects['eras'][number]['trees']
  const itemEffects = {
    vector: itemVector,
    eras: [Number.NEGATIVE_INFINITY, from].map((start) => ({ from: start, trees, leaderboard: null })),
    effectOf: () => 0,
  }
  const { historyOnly } = foldUnder(events, recipeOf(fastTrainingSettings), itemEffects, { learnt: events })
  expect(historyOnly, 'the first sales of all, and no more').toBe(105)
}, 60_000)
