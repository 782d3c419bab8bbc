import fc from 'fast-check'
import { expect, it } from 'vitest'
import { countInHand, type InHand, isInHand, next, settledUpTo } from './in-hand.ts'

const taken = (nextOffset: number, ...alertIds: string[]) => ({ type: 'taken', nextOffset, alertIds }) as const
const settled = (alertId: string) => ({ type: 'settled', alertId }) as const

it.each<[string, Parameters<typeof next>[1][], number | null, string[]]>([
  ['nothing', [], null, []],
  ['a batch without news', [taken(5)], 5, []],
  ['one unsettled', [taken(5, 'a')], null, ['a']],
  ['what is settled behind what is not', [taken(5, 'a'), taken(9, 'b'), settled('b')], null, ['a']],
  ['the first of two', [taken(5, 'a'), taken(9, 'b'), settled('a')], 5, ['b']],
  ['all', [taken(5, 'a'), taken(9, 'b'), settled('b'), settled('a')], 9, []],
  ['half of a batch', [taken(5, 'a', 'b'), settled('a')], null, ['b']],
  ['what was told before', [taken(5), { type: 'left behind', offset: 5 }, taken(9, 'b')], null, ['b']],
])('how far all is settled, given %s', (_case, events, offset, unsettled) => {
  const inHand = events.reduce<InHand>(next, [])
  expect(settledUpTo(inHand)).toBe(offset)
  expect(countInHand(inHand)).toBe(unsettled.length)
  for (const alertId of ['a', 'b']) expect(isInHand(inHand, alertId)).toBe(unsettled.includes(alertId))
})

it('law: no position is told while an alert before it is unsettled, and all of them once everything is', () => {
  const sizes = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 6 })
  fc.assert(
    fc.property(sizes, fc.infiniteStream(fc.nat(1_000)), (batches, chance) => {
      const open = new Map<string, number>()
      let inHand: InHand = []
      batches.forEach((size, batch) => {
        const alertIds = Array.from({ length: size }, (_, index) => `${batch} ${index}`)
        for (const alertId of alertIds) open.set(alertId, batch + 1)
        inHand = next(inHand, taken(batch + 1, ...alertIds))
      })
      while (open.size > 0) {
        const upTo = settledUpTo(inHand) ?? 0
        expect(upTo).toBeLessThan(Math.min(...open.values()))
        const alertId = [...open.keys()][chance.next().value! % open.size]!
        open.delete(alertId)
        inHand = next(inHand, settled(alertId))
      }
      expect(settledUpTo(inHand)).toBe(batches.length)
    }),
  )
})
