import { expect, test } from 'vitest'
import { anatomyOf } from '#lib/axie/anatomy.ts'
import type { Item } from '#schemas/types.ts'
import { areAlike } from './alike.ts'

const item = (change: Readonly<{ class?: string; breedCount?: number; parts?: readonly string[] }> = {}): Item => ({
  tokenId: '1',
  class: 'plant',
  breedCount: 0,
  genes: null,
  parts: ['eyes-papi', 'ears-rosa', 'mouth-serious', 'horn-rose-bud', 'back-pumpkin', 'tail-yam'],
  image: null,
  ...change,
})

const alike = (one: Item, other: Item): boolean => {
  const [a, b] = [one, other].map(anatomyOf)
  if (a === undefined || b === undefined || a === null || b === null) throw new Error('expected two axies')
  return areAlike(a, b)
}

test('axies are alike by class, the four battle parts and breed band, whatever their eyes and ears', () => {
  const withParts = (...parts: string[]) => item({ parts })
  expect(alike(item(), withParts('eyes-gecko', 'ears-leafy', 'mouth-serious', 'horn-rose-bud', 'back-pumpkin', 'tail-yam'))).toBe(true)
  expect(alike(item(), withParts('eyes-papi', 'ears-rosa', 'mouth-serious', 'horn-leaf-bug', 'back-pumpkin', 'tail-yam'))).toBe(false)
  expect(alike(item(), item({ class: 'aquatic' }))).toBe(false)
})

test('bands of breed counts are 0, 1 to 2, and 3 or more', () => {
  const bred = (one: number, other: number) => alike(item({ breedCount: one }), item({ breedCount: other }))
  expect([bred(0, 0), bred(1, 2), bred(3, 7)]).toEqual([true, true, true])
  expect([bred(0, 1), bred(2, 3)]).toEqual([false, false])
})
