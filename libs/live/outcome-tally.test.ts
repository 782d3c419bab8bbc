import { expect, test } from 'vitest'
import type { Outcome } from '#schemas/types.ts'
import { createOutcomeTally } from './outcome-tally.ts'

const outcome = (alertId: string, change: Partial<Outcome> = {}): Outcome =>
  ({
    alertId,
    listingId: `of ${alertId}`,
    kind: 'alert',
    status: 'open',
    alertedAt: 1_000,
    goneAt: null,
    netUsd: null,
    ...change,
  }) as Outcome

test('counts what is still there, what was sold on, and what it left; alerts, the random buyer and what was rejected apart', () => {
  const tally = createOutcomeTally(100)
  tally.take(outcome('a'))
  tally.take(outcome('b', { goneAt: 6_000 }))
  tally.take(outcome('c', { goneAt: 31_000, netUsd: 20 }))
  tally.take(outcome('d', { goneAt: 91_000, netUsd: -5 }))
  tally.take(outcome('r', { kind: 'random', netUsd: -3, goneAt: 2_000 }))
  tally.take(outcome('m', { kind: 'rejected', rejectedFor: 'stale', netUsd: 8, tokenId: '7', askUsd: 9 }))
  expect(tally.summary()).toEqual({
    alerts: { followed: 4, after10s: 0.75, after60s: 0.5, soldOn: 2, gained: 0.5, medianNetUsd: 20 },
    random: { followed: 1, after10s: 0, after60s: 0, soldOn: 1, gained: 0, medianNetUsd: -3 },
    rejected: { followed: 1, after10s: 1, after60s: 1, soldOn: 1, gained: 1, medianNetUsd: 8 },
    missed: {
      reasons: [{ reason: 'seen too late', count: 1, gained: 1, lost: 0 }],
      winners: [{ axieId: '7', reason: 'seen too late', askUsd: 9, netUsd: 8 }],
    },
  })
})

test('the newest word on an alert counts, and before the first nothing is claimed', () => {
  const tally = createOutcomeTally(100)
  expect(tally.summary().alerts).toEqual({ followed: 0, after10s: null, after60s: null, soldOn: 0, gained: null, medianNetUsd: null })
  tally.take(outcome('a', { goneAt: 2_000 }))
  tally.take(outcome('a', { goneAt: 2_000, netUsd: 7 }))
  expect(tally.summary().alerts).toMatchObject({ followed: 1, soldOn: 1 })
})
