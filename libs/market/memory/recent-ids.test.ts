import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRecentIds } from './recent-ids.ts'

const step = fc.record({
  id: fc.integer({ min: 0, max: 40 }).map((number) => `sale:axie:${number}`),
  after: fc.constantFrom(0, 1, 5, 50),
})

describe('recent ids', () => {
  it('agree with a map, for any order of meeting and forgetting', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const [ids, model] = [createRecentIds(), new Map<string, number>()]
        let time = 0
        for (const { id, after } of steps) {
          time += after
          for (const [known, last] of model) if (last <= time - 60) model.delete(known)
          ids.forgetUpTo(time - 60)
          expect(ids.lastMet(id)).toBe(model.get(id) ?? null)
          expect(ids.meet(id, time)).toBe(model.get(id) ?? null)
          model.set(id, time)
        }
        for (const [id, last] of model) expect(ids.lastMet(id)).toBe(last)
      }),
      { numRuns: 300 },
    )
  })

  it('tell 200,000 similar ids apart, and forget them all', () => {
    const ids = createRecentIds()
    const id = (number: number): string => `listing:axie:${number}:1649639067000`
    for (let number = 0; number < 200_000; number += 1) expect(ids.meet(id(number), number)).toBeNull()
    expect(ids.size()).toBe(200_000)
    expect(ids.lastMet(id(199_999))).toBe(199_999)
    ids.forgetUpTo(199_998)
    expect(ids.size()).toBe(1)
    expect(ids.lastMet(id(199_998))).toBeNull()
    expect(ids.lastMet(id(199_999))).toBe(199_999)
  })
})
