import { describe, expect, it } from 'vitest'
import { scoredWith } from '#lib/rules/testing/scored-listing-samples.ts'
import { sampleAlert } from '#lib/stages/testing/alert-samples.ts'
import type { Position } from '#schemas/types.ts'
import { type Limits, limitPassed } from './limits.ts'
import { samplePosition } from './testing/position-samples.ts'

const none: Limits = { bankroll: null, perTrade: null, perDay: null, maxOpen: null, perClass: null, perSeller: null, perRule: null }
const now = Date.UTC(2022, 3, 16, 12)
const yesterday = now - 86_400_000
/** Asks $80: an aquatic. */
const alert = sampleAlert(scoredWith({ ask: { usd: 80 } }))
const own = { class: 'aquatic', seller: alert.scored.listing.seller.toLowerCase(), rule: alert.rule }

const passed = (limits: Partial<Limits>, positions: readonly Position[] = []) =>
  limitPassed({ ...none, ...limits }, { positions, now, feeRatio: 0.05 }, alert)

const position = (change: Partial<Position>) => samplePosition({ boughtAt: yesterday, boughtUsd: 50, ...change })

describe('limits', () => {
  it('without any, everything may be bought', () => {
    expect(
      passed(
        {},
        Array.from({ length: 100 }, (_, index) => position({ positionId: `${index}`, ...own })),
      ),
    ).toBeNull()
  })

  it.each<[keyof Limits, number, Position[]]>([
    ['perTrade', 80, []],
    ['bankroll', 130, [position({})]],
    ['maxOpen', 2, [position({})]],
    ['perDay', 130, [position({ boughtAt: now - 1 })]],
    ['perClass', 130, [position({ class: own.class })]],
    ['perSeller', 130, [position({ seller: own.seller })]],
    ['perRule', 130, [position({ rule: own.rule })]],
  ])('%s: up to it and no further, and says so', (limit, most, positions) => {
    expect(passed({ [limit]: most }, positions)).toBeNull()
    expect(passed({ [limit]: most - 0.01 }, positions)).toMatchObject({ limit, reason: expect.stringMatching(`^limit ${limit}: with it `) })
  })

  it('what concerns others does not count: another day, class, seller, rule, and what was sold', () => {
    const sold = position({ ...own, soldAt: now, soldUsd: 50 / 0.95 })
    const others = [position({}), sold]
    expect(passed({ perDay: 80, perClass: 80, perSeller: 80, perRule: 80, maxOpen: 2 }, others)).toBeNull()
  })

  it('the bankroll grows and shrinks by what sales left after the fee', () => {
    const gain = position({ soldAt: now, soldUsd: 200 })
    const loss = position({ soldAt: now, soldUsd: 20 })
    expect(passed({ bankroll: 0.01 }, [gain])).toBeNull()
    expect(passed({ bankroll: 100 }, [loss])).toMatchObject({
      limit: 'bankroll',
      reason: 'limit bankroll: with it $111.00, at most $100.00',
    })
  })
})
