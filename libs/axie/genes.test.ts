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
    expect(decodeGenes(`0x${'1'.repeat(129)}`), 'more than 512 bits').toBeNull()
    expect(decodeGenes(`0x${'f'.repeat(64)}`), 'no such class').toBeNull()
  })
})

describe('genes of 512 bits', () => {
  const longCodes: Record<string, number> = { beast: 0, bug: 1, bird: 2, plant: 3, aquatic: 4, reptile: 5, mech: 16, dawn: 17, dusk: 18 }
  const partNamed = (id: string): Part => parts.find((part) => part.id === id) as Part
  const geneBits = (id: string): bigint => BigInt(((longCodes[partNamed(id).class] as number) << 8) | partNamed(id).geneCode)

  /** Written down a second time, from the description of the format. */
  function encodeLong(axieClass: AxieClass, ...genes: readonly [SixParts, SixParts, SixParts]): string {
    let bits = BigInt(longCodes[axieClass] as number) << 507n
    for (const [index, type] of (['eyes', 'mouth', 'ears', 'horn', 'back', 'tail'] as const).entries()) {
      const [dominant, recessive1, recessive2] = genes.map((six) => geneBits(six[type])) as [bigint, bigint, bigint]
      const skin = partNamed(genes[0][type]).special === 'mystic' ? 1n : 0n
      bits |= ((skin << 39n) | (dominant << 26n) | (recessive1 << 13n) | recessive2) << BigInt(64 * (5 - index))
    }
    return `0x${bits.toString(16).padStart(128, '0')}`
  }

  it('say class and three genes for each part, mystic ones too', () => {
    const plainOrMystic = sixParts((part) => part.special === null || part.special === 'mystic')
    fc.assert(
      fc.property(anyClass, plainOrMystic, plain, plain, (axieClass, dominant, recessive1, recessive2) => {
        const genes = decodeGenes(encodeLong(axieClass, dominant, recessive1, recessive2))
        if (genes === null) throw new Error('expected genes')
        expect(genes.class).toBe(axieClass)
        expect(idsOf(genes, 'dominant')).toEqual(dominant)
        expect(idsOf(genes, 'recessive1')).toEqual(recessive1)
        expect(idsOf(genes, 'recessive2')).toEqual(recessive2)
      }),
      { numRuns: 500 },
    )
  })

  it('of a real dusk axie are read', () => {
    const text =
      '0x9000000000000100008000c0840800000001000410604508000100102040450a000100102081020c000100042821410600010008180040080001001018014406'
    const genes = decodeGenes(text)
    expect(genes?.class).toBe('dusk')
    expect(genes === null ? null : partTypes.map((type) => genes.parts[type].dominant.part.class)).not.toContain('dusk')
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
