import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sampleItems, sampleProfiles } from '#lib/market/testing/market-samples.ts'
import type { Item, ItemAttributes } from '#schemas/types.ts'
import { anatomyOf } from './anatomy.ts'
import { axieClasses } from './classes.ts'
import { parts, partTypes } from './parts.ts'
import { profileOf } from './profile.ts'
import { areIdentical, areSimilar, keyOn, similarityLadder, traitsOf, traitsOfProfile } from './similarity.ts'

const anyItem: fc.Arbitrary<Item> = fc
  .tuple(
    fc.constantFrom(...axieClasses),
    fc.integer({ min: 0, max: 7 }),
    ...partTypes.map((type) => fc.constantFrom(...parts.filter((part) => part.type === type).map(({ id }) => id))),
  )
  .map(([axieClass, breedCount, ...ids]) => ({
    tokenId: '1',
    class: axieClass,
    breedCount,
    genes: null,
    parts: ids,
    image: null,
  }))

describe('similar', () => {
  it('is of the same class and battle parts; identical, of the same eyes and ears too', () => {
    const [plain, twin, bred, otherEyes, otherHorn, otherClass] = sampleItems.slice(0, 6).map(anatomyOf)
    for (const like of [twin, bred, otherEyes]) expect(areSimilar(plain!, like!)).toBe(true)
    for (const unlike of [otherHorn, otherClass]) expect(areSimilar(plain!, unlike!)).toBe(false)
    expect([twin, bred, otherEyes].map((like) => areIdentical(plain!, like!))).toEqual([true, true, false])
  })
})

describe('kind', () => {
  const attributes: ItemAttributes = {
    ...{ title: '', bodyShape: 'Normal', stage: 4, level: 1, onchainLevel: 1, isBanned: false },
    ...{ mystic: 0, japanese: 0, xmas: 0, summer: 0, parts: [] },
  }
  const plain = sampleItems[0]!
  const evolve = (type: string): string[] => plain.parts.map((id) => (id.startsWith(type) ? `${id}-2` : id))
  const itemWith = (facts: Partial<ItemAttributes>): Item => ({ ...plain, attributes: { ...attributes, ...facts } })

  it('keeps a known Origin, levelled or evolved axie apart; what is unknown counts as plain', () => {
    const like = (other: Item): boolean => areSimilar(anatomyOf(plain), anatomyOf(other))
    expect(like(itemWith({}))).toBe(true)
    expect(like(itemWith({ title: null, level: null, onchainLevel: null }))).toBe(true)
    for (const apart of [
      itemWith({ title: 'Origin' }),
      itemWith({ title: 'MEO Corp' }),
      itemWith({ level: 31 }),
      itemWith({ onchainLevel: 24 }),
    ])
      expect(like(apart)).toBe(false)
    expect(like({ ...plain, parts: evolve('tail') })).toBe(false)
    expect(areSimilar(anatomyOf({ ...plain, parts: evolve('tail') }), anatomyOf({ ...plain, parts: evolve('tail') }))).toBe(true)
  })

  it('of a profile is that of its item', () => {
    for (const item of [
      plain,
      itemWith({ title: 'Origin', level: 44 }),
      { ...plain, parts: evolve('back') },
      { ...plain, parts: [...plain.parts.slice(0, 5), 'tail-unheard-of'] },
    ])
      expect(traitsOfProfile(profileOf(item))).toEqual(traitsOf(anatomyOf(item)))
  })
})

describe('similarity keys', () => {
  it('are equal exactly where the traits of the rung are', () => {
    fc.assert(
      fc.property(anyItem, anyItem, (one, other) => {
        const [a, b] = [traitsOf(anatomyOf(one)), traitsOf(anatomyOf(other))]
        for (const { traits } of similarityLadder)
          expect(keyOn(traits, a) === keyOn(traits, b)).toBe(traits.every((trait) => a[trait] === b[trait]))
      }),
      { numRuns: 2_000 },
    )
  })

  it('are exact numbers, the same from a profile as from an item', () => {
    for (const [index, profile] of sampleProfiles.entries())
      expect(traitsOfProfile(profile)).toEqual(traitsOf(anatomyOf(sampleItems[index]!)))
    expect(keyOn([0, 1, 2, 3, 4, 5, 6, 7, 8], [8, 63, 63, 63, 63, 63, 63, 63, 63])).toBeLessThan(Number.MAX_SAFE_INTEGER)
  })
})
