import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RejectedError } from '#lib/errors/errors.ts'
import type { Item } from '#schemas/types.ts'
import { isEgg } from './anatomy.ts'
import { encodeGenes } from './genes.ts'
import { profileOf } from './profile.ts'

const dominant = {
  eyes: 'eyes-sleepless',
  ears: 'ears-nimo',
  mouth: 'mouth-risky-fish',
  horn: 'horn-anemone',
  back: 'back-hermit',
  tail: 'tail-gila',
}
const axie: Item = { tokenId: '7', class: 'Aquatic', breedCount: 2, genes: null, parts: Object.values(dominant), image: null }

const codeOf = (item: Item): string => {
  try {
    profileOf(item)
    return 'accepted'
  } catch (error) {
    if (error instanceof RejectedError) return error.code
    throw error
  }
}

describe('the profile of an axie', () => {
  it('has class, parts, purity, stats and cards from the reference tables', () => {
    expect(profileOf(axie)).toEqual({
      tokenId: '7',
      class: 'aquatic',
      breedCount: 2,
      parts: dominant,
      purity: 83,
      geneQuality: null,
      genes: null,
      stats: { hp: 39 + 5 + 3, speed: 39 + 15 + 1, skill: 35, morale: 27 },
      cards: { attack: 105 + 75 + 0 + 100, defence: 25 + 30 + 120 + 60, energy: 4 },
      specialParts: 0,
      image: null,
      attributes: null,
      plainParts: null,
    })
  })

  it('takes the parts in any order, with the question mark the market writes behind some', () => {
    const parts = ['tail-gila', 'back-crystal-hermit', 'eyes-kotaro?', 'horn-anemone', 'ears-nimo', 'mouth-risky-fish']
    const profile = profileOf({ ...axie, parts })
    expect(profile.parts).toEqual({ ...dominant, eyes: 'eyes-kotaro', back: 'back-crystal-hermit' })
    expect(profile.specialParts).toBe(1)
    expect(profile.cards, 'a mystic part plays the card of the plain one').toEqual(profileOf(axie).cards)
  })

  it('has gene quality where the genes agree with class and parts', () => {
    const genes = encodeGenes({ class: 'aquatic', dominant })
    expect(profileOf({ ...axie, genes })).toMatchObject({ genes, geneQuality: (76 * (5 / 6) + 15 + 5) / 100 })
  })

  it('falls back to the parts where genes are unreadable, or of another axie', () => {
    const other = encodeGenes({ class: 'aquatic', dominant: { ...dominant, tail: 'tail-koi' } })
    const otherClass = encodeGenes({ class: 'bird', dominant })
    for (const genes of [`0x${'4'.repeat(128)}`, 'no genes', '', other, otherClass])
      expect(profileOf({ ...axie, genes })).toMatchObject({ genes: null, geneQuality: null, parts: dominant })
  })

  it('is refused with a code for what is unknown', () => {
    expect(codeOf({ ...axie, class: 'Dragon' })).toBe('unknown_class')
    expect(codeOf({ ...axie, class: '' })).toBe('unknown_class')
    expect(codeOf({ ...axie, parts: [...axie.parts.slice(2), 'wings-of-glass', 'fins-of-tin'] })).toBe('unknown_part')
    expect(codeOf({ ...axie, parts: [...axie.parts, 'wings-of-glass'] })).toBe('unknown_part')
    expect(codeOf({ ...axie, parts: axie.parts.slice(1) })).toBe('unknown_part')
    expect(codeOf({ ...axie, parts: [...axie.parts, 'tail-koi'] })).toBe('unknown_part')
    for (const breedCount of [-1, 8, 0.5, Number.NaN, Number.POSITIVE_INFINITY])
      expect(codeOf({ ...axie, breedCount })).toBe('bad_breed_count')
    expect(codeOf(axie)).toBe('accepted')
  })

  it('of any text at all is a profile or one of the three codes', () => {
    const text = fc.oneof(fc.string(), fc.constantFrom('Aquatic', 'constructor', '__proto__', 'eyes-kotaro??', ...axie.parts))
    const item = fc.record({
      tokenId: text,
      class: text,
      breedCount: fc.oneof(fc.integer(), fc.double()),
      genes: fc.option(text),
      parts: fc.array(text, { maxLength: 9 }),
      image: fc.option(text),
    })
    fc.assert(
      fc.property(item, (any) => {
        expect(['accepted', 'unknown_class', 'unknown_part', 'bad_breed_count']).toContain(codeOf(any))
      }),
      { numRuns: 5_000 },
    )
  })
})

describe('an egg', () => {
  it('is an item without parts', () => {
    expect(isEgg({ ...axie, parts: [] })).toBe(true)
    expect(isEgg(axie)).toBe(false)
  })
})
