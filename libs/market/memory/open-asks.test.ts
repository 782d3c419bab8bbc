import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ether } from '#lib/axie/tokens.ts'
import { hourMillis } from '#lib/clock/durations.ts'
import { askMillis } from '#lib/market/horizons.ts'
import { type AskToTrack, createOpenAsks } from './open-asks.ts'

const terms = { kind: 'fixed', token: ether, currentUsd: null, durationMillis: 0, expiredAt: null } as const
const rates = { ETH: 2, AXS: null, SLP: null, RON: null, USDC: null }

const offer = (tokenId: number, startedAt: number, wei: number): AskToTrack => ({
  listingId: `axie:${tokenId}:${startedAt}`,
  tokenId: String(tokenId),
  similarKey: tokenId % 2,
  identicalKey: tokenId % 4,
  breedCount: 0,
  collections: tokenId % 3 === 0 ? ['origin', 'mystic'] : tokenId % 3 === 1 ? ['origin'] : [],
  ask: { ...terms, baseWei: wei, endedWei: wei, currentWei: wei, startedAt },
})

type Step = Readonly<{ act: 'see' | 'sold' | 'cancel'; after: number; token: number; startedAt: number; wei: number }>
const step: fc.Arbitrary<Step> = fc.record({
  act: fc.constantFrom('see', 'see', 'see', 'sold', 'cancel'),
  after: fc.constantFrom(0, hourMillis, 30 * hourMillis),
  token: fc.integer({ min: 0, max: 7 }),
  startedAt: fc.integer({ min: 0, max: 3 }),
  wei: fc.integer({ min: 1, max: 5 }),
})

/** From the list of steps: each listing's last sighting within 48 h, unless it was ended since; of an axie the listing begun last. */
function openAt(steps: readonly Step[], now: number): AskToTrack[] {
  const timed = steps.map((one, index) => ({ ...one, at: steps.slice(0, index + 1).reduce((sum, { after }) => sum + after, 0) }))
  const sightings = timed.flatMap((one, index) => {
    const ended = timed.slice(index + 1).some((later) => {
      if (later.token !== one.token) return false
      return later.act === 'sold' ? one.startedAt <= later.startedAt : later.startedAt === one.startedAt
    })
    return one.act === 'see' && !ended && one.at > now - askMillis ? [offer(one.token, one.startedAt, one.wei * 1e18)] : []
  })
  return sightings.filter((one) => !sightings.some((other) => other.tokenId === one.tokenId && other.ask.startedAt > one.ask.startedAt))
}

describe('open asks', () => {
  it('are those seen within two days and not ended since, cheapest first, without the axie itself', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.constantFrom(0, hourMillis, 30 * hourMillis), (steps, later) => {
        const asks = createOpenAsks()
        let now = 0
        for (const { act, after, token, startedAt, wei } of steps) {
          now += after
          asks.forgetSeenUpTo(now - askMillis)
          if (act === 'see') asks.see(offer(token, startedAt, wei * 1e18), now)
          else if (act === 'sold') asks.sold(String(token), startedAt)
          else asks.cancel(`axie:${token}:${startedAt}`)
        }
        now += later
        const found = asks.similar({ similarKey: 1, identicalKey: 1, tokenId: '3', at: now, rates })
        const expected = openAt(steps, now)
          .filter(({ similarKey, tokenId }) => similarKey === 1 && tokenId !== '3')
          .sort((a, b) => a.ask.currentWei - b.ask.currentWei || (a.listingId < b.listingId ? -1 : 1))
        expect(found.count).toBe(expected.length)
        expect(found.cheapest.map(({ listingId, usd, identical }) => [listingId, usd, identical])).toEqual(
          expected.slice(0, 3).map((ask) => [ask.listingId, (ask.ask.currentWei / 1e18) * 2, ask.identicalKey === 1]),
        )
        for (const collection of ['origin', 'mystic', 'xmas'] as const) {
          const others = openAt(steps, now).filter(({ collections, tokenId }) => collections.includes(collection) && tokenId !== '3')
          const dollars = others.map(({ ask }) => (ask.currentWei / 1e18) * 2)
          const usd = dollars.length === 0 ? null : Math.min(...dollars)
          expect(asks.floor({ collection, tokenId: '3', at: now, rates })).toEqual({ usd, count: others.length })
        }
      }),
      { numRuns: 500 },
    )
  })

  it('end with their order, to the millisecond, and block nothing from then on', () => {
    const asks = createOpenAsks()
    const sighting = offer(1, 0, 1e18)
    asks.see({ ...sighting, ask: { ...sighting.ask, expiredAt: hourMillis } }, 0)
    asks.see(offer(5, 0, 2e18), 0)
    const cheapest = (at: number) =>
      asks.similar({ similarKey: 1, identicalKey: 1, tokenId: '3', at, rates }).cheapest.map(({ usd }) => usd)
    expect([cheapest(hourMillis - 1), cheapest(hourMillis)]).toEqual([[2, 4], [4]])
  })

  it('leave nothing behind when they are gone', () => {
    const asks = createOpenAsks()
    for (let token = 0; token < 1_000; token += 1) asks.see(offer(token, 0, 1e18), token)
    asks.forgetSeenUpTo(997)
    expect(asks.size()).toBe(2)
    asks.sold('998', 0)
    asks.cancel('axie:999:0')
    expect(asks.size()).toBe(0)
  })
})
