import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { SixParts } from '#schemas/types.ts'
import { type AxieClass, axieClasses } from './classes.ts'
import { decodeGenes, encodeGenes, type Genes, type GenesToEncode, geneQualityOf } from './genes.ts'
import { type Part, type PartType, parts, partTypes } from './parts.ts'

const partsWhere = (type: PartType, allowed: (part: Part) => boolean) =>
  fc.constantFrom(...parts.filter((part) => part.type === type && allowed(part)).map((part) => part.id))

const sixParts = (allowed: (part: Part) => boolean): fc.Arbitrary<SixParts> =>
  fc.record({
    eyes: partsWhere('eyes', allowed),
    ears: partsWhere('ears', allowed),
    mouth: partsWhere('mouth', allowed),
    horn: partsWhere('horn', allowed),
    back: partsWhere('back', allowed),
    tail: partsWhere('tail', allowed),
  })

const sameGene = (one: Part, other: Part): boolean =>
  one.type === other.type && one.class === other.class && one.geneCode === other.geneCode

const plain = sixParts((part) => part.special === null)
const anyParts = sixParts(() => true)
const anyClass = fc.constantFrom<AxieClass>(...axieClasses)

const idsOf = (genes: Genes, which: 'dominant' | 'recessive1' | 'recessive2'): Record<string, string> =>
  Object.fromEntries(partTypes.map((type) => [type, genes.parts[type][which].part.id]))

const plainGenes = (axieClass: AxieClass, dominant: SixParts, recessive1: SixParts, recessive2: SixParts): Genes => {
  const text = encodeGenes({ class: axieClass, dominant, recessive1, recessive2 })
  const genes = decodeGenes(text)
  if (genes === null) throw new Error(`expected genes, found ${text}`)
  return genes
}

/** A pure aquatic axie, and one without anything aquatic. */
const aquatic: SixParts = {
  eyes: 'eyes-sleepless',
  ears: 'ears-nimo',
  mouth: 'mouth-risky-fish',
  horn: 'horn-anemone',
  back: 'back-hermit',
  tail: 'tail-koi',
}
const reptile: SixParts = {
  eyes: 'eyes-gecko',
  ears: 'ears-pogona',
  mouth: 'mouth-tiny-turtle',
  horn: 'horn-cerastes',
  back: 'back-croc',
  tail: 'tail-gila',
}

describe('genes of 256 bits', () => {
  it('say again what was encoded: class and three genes for each plain part', () => {
    fc.assert(
      fc.property(anyClass, plain, plain, plain, (axieClass, dominant, recessive1, recessive2) => {
        const genes = plainGenes(axieClass, dominant, recessive1, recessive2)
        expect(genes.class).toBe(axieClass)
        expect(idsOf(genes, 'dominant')).toEqual(dominant)
        expect(idsOf(genes, 'recessive1')).toEqual(recessive1)
        expect(idsOf(genes, 'recessive2')).toEqual(recessive2)
      }),
      { numRuns: 2_000 },
    )
  })

  it('say again any special part too, or refuse to be encoded', () => {
    let encodable = 0
    fc.assert(
      fc.property(anyClass, anyParts, plain, (axieClass, dominant, recessive) => {
        const wanted: GenesToEncode = { class: axieClass, dominant, recessive1: recessive, recessive2: recessive }
        const text = encodeGenes(wanted)
        if (text === null) return
        encodable += 1
        const genes = decodeGenes(text)
        expect(genes === null ? null : idsOf(genes, 'dominant')).toEqual(dominant)
      }),
      { numRuns: 2_000 },
    )
    expect(encodable).toBeGreaterThan(100)
  })

  it('can say every part but those of summer 2022, which came later', () => {
    const twin = (part: Part) => parts.some((other) => other.special === 'japan' && sameGene(part, other))
    const beside = (type: PartType) => parts.find((part) => part.type === type && part.special === null && !twin(part))?.id ?? ''
    const others = Object.fromEntries(partTypes.map((type) => [type, beside(type)])) as Record<PartType, string>
    const refused = parts.filter((part) => encodeGenes({ class: 'beast', dominant: { ...others, [part.type]: part.id } }) === null)
    expect(refused).toEqual(parts.filter((part) => part.special === 'summer-2022'))
  })

  it('lose leading zeros in the market, and are read all the same', () => {
    const text = encodeGenes({ class: 'beast', dominant: aquatic }) ?? ''
    expect(text.startsWith('0x0')).toBe(true)
    expect(decodeGenes(text.replace(/^0x0+/, '0x'))).toEqual(decodeGenes(text))
  })

  it('are read as other tools read this real axie', () => {
    const genes = decodeGenes('0x11c642400a028ca14a428c20cc011080c61180a0820180604233082')
    if (genes === null) throw new Error('expected genes')
    expect(genes.class).toBe('beast')
    expect(Object.values(idsOf(genes, 'dominant')).join(' ')).toBe(
      'eyes-chubby ears-lotus mouth-tiny-turtle horn-rose-bud back-balloon tail-ant',
    )
    expect(Object.values(idsOf(genes, 'recessive1')).join(' ')).toBe(
      'eyes-chubby ears-nut-cracker mouth-piranha horn-caterpillars back-jaguar tail-hot-butt',
    )
    expect(Object.values(idsOf(genes, 'recessive2')).join(' ')).toBe(
      'eyes-blossom ears-inkling mouth-serious horn-dual-blade back-jaguar tail-swallow',
    )
  })

  it('of any other text are null, never an error', () => {
    const hex = fc.string({ unit: fc.constantFrom(...'0123456789abcdefABCDEF'), minLength: 0, maxLength: 140 })
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          hex,
          hex.map((digits) => `0x${digits}`),
          fc.string({ unit: 'binary' }),
        ),
        (text) => {
          const genes = decodeGenes(text)
          if (genes !== null) expect(Object.keys(genes.parts)).toHaveLength(6)
        },
      ),
      { numRuns: 10_000 },
    )
    expect(decodeGenes(null)).toBeNull()
    expect(decodeGenes('')).toBeNull()
    expect(decodeGenes('0x')).toBeNull()
    expect(decodeGenes(`0x${'1'.repeat(128)}`), '512 bits').toBeNull()
    expect(decodeGenes(`0x${'f'.repeat(64)}`), 'no such class').toBeNull()
  })
})

describe('gene quality', () => {
  it('is 1 where every gene is of the own class and 0 where none is', () => {
    expect(geneQualityOf(plainGenes('aquatic', aquatic, aquatic, aquatic))).toBe(1)
    expect(geneQualityOf(plainGenes('aquatic', reptile, reptile, reptile))).toBe(0)
  })

  it('counts 76, 18 and 6 of 100 for dominant, first and second recessive genes', () => {
    expect(geneQualityOf(plainGenes('aquatic', aquatic, reptile, reptile))).toBeCloseTo(0.76, 12)
    expect(geneQualityOf(plainGenes('aquatic', reptile, aquatic, reptile))).toBeCloseTo(0.18, 12)
    expect(geneQualityOf(plainGenes('aquatic', reptile, reptile, aquatic))).toBeCloseTo(0.06, 12)
  })
})
