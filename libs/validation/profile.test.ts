import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { driftOf, profileRows, profileSchema } from './profile.ts'
import type { Cell } from './sale-row.ts'
import { sampleRow, sampleRows } from './testing/sale-row-samples.ts'

const profileOf = (cells: readonly Cell[]) => {
  const profile = profileRows([sampleRow()], new Map([['x', cells]])).columns['x']
  if (profile === undefined) throw new Error('no profile')
  return profile
}
const cell = fc.oneof(fc.double({ min: -1e6, max: 1e6, noNaN: true }), fc.constant(null), fc.constant(Number.NaN))

describe('a profile', () => {
  test('survives being kept as JSON', () => {
    const profile = profileRows(sampleRows(500))
    expect(profileSchema.parse(JSON.parse(JSON.stringify(profile)))).toEqual(profile)
    expect(profile.partsByClass['aquatic']).toContain('tail-yam')
  })

  test('has shares that add up to one, whatever the cells', () => {
    fc.assert(
      fc.property(fc.array(cell, { minLength: 1 }), (cells) => {
        const known = [...cells, 1]
        expect(profileOf(known).shares.reduce((a, b) => a + b)).toBeCloseTo(1)
      }),
    )
  })

  test('drift of a column against itself is none; it is finite and never below none, whatever comes', () => {
    fc.assert(
      fc.property(fc.array(cell, { minLength: 1 }), fc.array(cell, { minLength: 1 }), (before, after) => {
        const profile = profileOf([...before, 1])
        expect(driftOf(profile, [...before, 1])).toBe(0)
        const drift = driftOf(profile, after)
        expect(drift).toBeGreaterThanOrEqual(0)
        expect(drift).toBeLessThan(100)
      }),
    )
  })

  test('a doubled scale, a vanished category and numbers gone missing are drift', () => {
    const numbers = Array.from({ length: 1_000 }, (_, place) => place % 100)
    expect(
      driftOf(
        profileOf(numbers),
        numbers.map((value) => value * 2),
      ),
    ).toBeGreaterThan(0.25)
    expect(
      driftOf(
        profileOf(numbers),
        numbers.map((value) => (value < 50 ? null : value)),
      ),
    ).toBeGreaterThan(0.25)
    const names = Array.from({ length: 1_000 }, (_, place) => ['a', 'b', 'c'][place % 3] as string)
    expect(
      driftOf(
        profileOf(names),
        names.map((name) => (name === 'c' ? 'a' : name)),
      ),
    ).toBeGreaterThan(0.25)
  })
})
