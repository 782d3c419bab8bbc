import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Item, ItemAttributes } from '#schemas/types.ts'
import { collectionsOf, kindOf, levelOf, titleGroupOf } from './attributes.ts'
import { encodeGenes } from './genes.ts'
import { isTablePart, partNumberOf, partOf, partTypes } from './parts.ts'
import { profileOf } from './profile.ts'
import { laterPartRows, partRows } from './reference-tables.ts'

const plainParts = ['eyes-clear', 'ears-nyan', 'mouth-lam', 'horn-lagging', 'back-hermit', 'tail-koi']
const plain: Item = { tokenId: '982', class: 'Aquatic', breedCount: 0, genes: null, parts: plainParts, image: null }
const silent: ItemAttributes = {
  ...{ title: null, bodyShape: null, stage: null, level: null, onchainLevel: null, isBanned: null },
  ...{ mystic: null, japanese: null, xmas: null, summer: null, parts: [] },
}
const itemWith = (attributes: Partial<ItemAttributes>, parts = plainParts): Item => ({
  ...plain,
  parts,
  attributes: { ...silent, ...attributes },
})
const withPart = (id: string): string[] => plainParts.map((other) => (other.startsWith(`${id.split('-')[0]}-`) ? id : other))

describe('an axie of which nothing is told', () => {
  it('has no attributes, and is of the plain kind', () => {
    for (const item of [plain, { ...plain, attributes: null }, itemWith({})]) {
      expect(profileOf(item)).toMatchObject({ attributes: null, plainParts: null })
      expect(kindOf(profileOf(item))).toBe(0)
    }
  })
})

describe('an evolved part', () => {
  it('has class, card and gene of the part it came from, by its id alone', () => {
    const [evolved, before] = [profileOf({ ...plain, parts: withPart('tail-koi-2') }), profileOf(plain)]
    expect(evolved).toMatchObject({ stats: before.stats, cards: before.cards, purity: before.purity, specialParts: 0 })
    expect(evolved.parts.tail).toBe('tail-koi-2')
    expect(evolved.attributes).toMatchObject({ evolvedParts: 1, nightmareParts: 0, unknownParts: 0, title: null, level: null })
  })

  it('agrees with the genes of the part it came from', () => {
    const [eyes, ears, mouth, horn, back, tail] = plainParts as [string, string, string, string, string, string]
    const genes = encodeGenes({ class: 'aquatic', dominant: { eyes, ears, mouth, horn, back, tail } })
    expect(profileOf({ ...plain, genes, parts: withPart('tail-koi-2') }).geneQuality).toBeGreaterThan(0)
  })

  it('is known by its stage too, where the market tells it and the id does not', () => {
    const parts = plainParts.map((id) => ({ class: null, type: null, special: '', stage: id === 'tail-koi' ? 2 : 1 }))
    expect(profileOf(itemWith({ parts })).attributes?.evolvedParts).toBe(1)
  })
})

describe('a part of an edition after the table', () => {
  it('stands for the plain part it dresses up, shiny and evolved or not', () => {
    for (const id of ['back-tendrils-2', 'back-tendrils-shiny-2', 'horn-p4r4s1t3', 'horn-p4r4s1t3-2', 'back-frozen-bucket']) {
      const row = laterPartRows.find(([base]) => id.startsWith(base))!
      expect(partOf(id)).toMatchObject({ id, number: partOf(row[1])!.number, geneCode: partOf(row[1])!.geneCode })
      expect(isTablePart(id)).toBe(false)
    }
    const { attributes } = profileOf({ ...plain, parts: withPart('back-tendrils-shiny-2') })
    expect(attributes).toMatchObject({ nightmareParts: 1, evolvedParts: 1 })
  })

  it('is told by its marks in any order, at any stage and however it is spelled', () => {
    const forms = [
      ['back-tendrils-2-shiny', 'back-tendrils', 2],
      ['tail-koi-3', 'tail-koi', 3],
      ['Tail-Koi-2', 'tail-koi', 2],
      ['TAIL-KOI', 'tail-koi', 1],
      ['eyes-kotaro?-2', 'eyes-kotaro', 2],
    ] as const
    for (const [id, plainId, stage] of forms) expect(partOf(id)).toMatchObject({ number: partOf(plainId)!.number, stage })
    expect(partOf('tail-koi-2-2')).toBeNull()
    expect(partOf('tail-koi-shiny-shiny')).toBeNull()
    expect(profileOf({ ...plain, parts: [...plainParts.slice(0, 5), 'Tail-Koi-2'] }).attributes).toMatchObject({
      evolvedParts: 1,
      unknownParts: 0,
    })
  })

  it('is never among the parts that feature sets of before name', () => {
    expect(laterPartRows.filter(([id]) => partRows.some(([known]) => known === id))).toEqual([])
  })
})

describe('a part that nobody knows', () => {
  const unheardOf = withPart('tail-of-glass')

  it('costs trust and not the axie', () => {
    const profile = profileOf({ ...plain, parts: unheardOf })
    expect(profile.attributes?.unknownParts).toBe(1)
    expect(profile.plainParts).toMatchObject({ back: 'back-hermit', tail: '' })
  })

  it('is of the class that the market says, and where it says none of the axie’s own', () => {
    const facts = unheardOf.map(() => ({ class: null, type: null, special: null, stage: null }))
    const beast = facts.map((fact, index) => (index === 5 ? { ...fact, class: 'Beast', special: 'NightmareShiny', stage: 2 } : fact))
    expect(profileOf({ ...plain, parts: unheardOf }).purity).toBe(profileOf(plain).purity)
    const said = profileOf(itemWith({ parts: beast }, unheardOf))
    expect(said.purity).toBeLessThan(profileOf(plain).purity)
    expect(said).toMatchObject({ specialParts: 1, attributes: { nightmareParts: 1, evolvedParts: 1 } })
  })

  it('stands for the plain part that its gene tells', () => {
    const [eyes, ears, mouth, horn, back, tail] = plainParts as [string, string, string, string, string, string]
    const genes = encodeGenes({ class: 'aquatic', dominant: { eyes, ears, mouth, horn, back, tail } })
    const profile = profileOf({ ...plain, genes, parts: unheardOf })
    expect(profile.plainParts?.tail).toBe('tail-koi')
    expect(profile).toMatchObject({ stats: profileOf(plain).stats, cards: profileOf(plain).cards })
    expect(profile.geneQuality).toBeGreaterThan(0)
  })

  it('sits where no other does, where nobody tells', () => {
    const profile = profileOf({ ...plain, parts: withPart('tail-koi').map((id) => (id === 'tail-koi' ? 'wings-of-glass' : id)) })
    expect(profile).toMatchObject({ parts: { tail: 'wings-of-glass' }, attributes: { unknownParts: 1 } })
  })

  it('may have any id, as long as the market says where it sits', () => {
    const types = ['Eyes', 'Ears', 'Mouth', 'Horn', 'Back', 'Tail']
    const parts = types.map((type) => ({ class: 'Beast', type, special: '', stage: 1 }))
    const ids = fc
      .array(fc.string({ maxLength: 100 }), { minLength: 6, maxLength: 6 })
      .filter((all) => all.every((id) => partOf(id) === null))
    fc.assert(
      fc.property(ids, (unknown) => {
        expect(profileOf(itemWith({ parts }, unknown)).attributes?.unknownParts).toBe(6)
        for (const id of unknown) expect(partNumberOf(id)).toSatisfy((number: number) => number >= 55 && number < 64)
      }),
    )
  })
})

describe('title and level', () => {
  it('set axies apart by group', () => {
    const group = (title: string | null) => titleGroupOf(profileOf(itemWith({ title, level: 1 })))
    expect(['Origin', 'MEO Corp', 'MEO Corp II', 'Agamogenesis', '', null].map(group)).toEqual([
      'origin',
      'meo',
      'meo',
      'other',
      'none',
      'none',
    ])
    expect(levelOf(profileOf(itemWith({ level: 7, onchainLevel: 12 })))).toBe(12)
    expect(levelOf(profileOf(plain))).toBe(1)
  })

  it('give every kind a number of its own below 64', () => {
    const kinds = new Set<number>()
    for (const title of ['', 'Origin', 'MEO Corp', 'Agamogenesis'])
      for (const level of [1, 5, 25, 60])
        for (const parts of [
          plainParts,
          withPart('tail-koi-2'),
          partTypes.map((_, index) => `${plainParts[index]}-2`),
          withPart('back-tendrils-2'),
        ])
          kinds.add(kindOf(profileOf(itemWith({ title, level }, parts))))
    expect(kinds.size).toBe(64)
    expect(Math.max(...kinds)).toBe(63)
  })

  it('name the collections, the rarest first', () => {
    expect(collectionsOf(profileOf(itemWith({ title: 'Origin', mystic: 1, xmas: 2 }, withPart('back-tendrils-2'))))).toEqual([
      'mystic',
      'origin',
      'nightmare',
      'xmas',
    ])
    expect(collectionsOf(profileOf(plain))).toEqual([])
  })
})
