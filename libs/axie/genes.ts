/**
 * Genes, written as hexadecimal, in the two formats there are.
 *
 * 256 bits, from the most significant: 0-3 class, 8-12 region, then 32 bits for each part (eyes 64, mouth 96, ears 128, horn 160,
 * back 192, tail 224): 2 of skin, then dominant, first and second recessive gene with 4 bits of class and 6 of code each. Checked on
 * 4,771 real axies.
 *
 * 512 bits: 0-4 class, then 64 bits for each part in the same order, from bit 128 on, of which the lowest 43 are 4 of skin and three
 * genes with 5 bits of class and 8 of code each. As three public parsers have it; `profileOf` believes no genes that contradict the parts.
 *
 * What lies between (tag, pattern, colours) says nothing about a price.
 */
import type { SixParts } from '#schemas/types.ts'
import type { AxieClass } from './classes.ts'
import { type Part, type PartType, partOf, parts, partTypes } from './parts.ts'

export type Gene = Readonly<{ class: AxieClass; code: number; part: Part }>
export type PartGenes = Readonly<{ dominant: Gene; recessive1: Gene; recessive2: Gene }>
export type Genes = Readonly<{ class: AxieClass; parts: Readonly<Record<PartType, PartGenes>> }>

const classCodes: Readonly<Record<AxieClass, number>> = {
  beast: 0b0000,
  bug: 0b0001,
  bird: 0b0010,
  plant: 0b0011,
  aquatic: 0b0100,
  reptile: 0b0101,
  mech: 0b1000,
  dawn: 0b1001,
  dusk: 0b1010,
}
const classByCode: ReadonlyMap<number, AxieClass> = new Map(
  Object.entries(classCodes).map(([name, code]) => [code, name as AxieClass] as const),
)
/** Which eighth of the genes holds a part, in either format. */
const wordOf: Readonly<Record<PartType, number>> = { eyes: 2, mouth: 3, ears: 4, horn: 5, back: 6, tail: 7 }
/** Special editions that 256 bits can tell: by the skin bits of the part, Japan by the region of the whole axie. */
const skinCodes: Readonly<Record<string, number>> = { japan: 0b00, bionic: 0b01, xmas: 0b10, mystic: 0b11 }
const skinNames = ['japan', 'bionic', 'xmas', 'mystic'] as const
const japan = 0b00001

const geneKey = (type: PartType, partClass: AxieClass, code: number, special: string | null): string =>
  `${type} ${partClass} ${code} ${special ?? 'plain'}`
const byGene: ReadonlyMap<string, Part> = new Map(
  parts.map((part) => [geneKey(part.type, part.class, part.geneCode, part.special), part] as const),
)

function geneOf(type: PartType, geneClass: AxieClass | undefined, code: number, special: string | null): Gene | null {
  if (geneClass === undefined) return null
  const part = byGene.get(geneKey(type, geneClass, code, special)) ?? byGene.get(geneKey(type, geneClass, code, null))
  return part === undefined ? null : { class: geneClass, code, part }
}

/** Three genes from the most significant on, the first of them dressed in a skin. Null when one of them is unknown. */
function partGenesOf(genes: readonly [Gene | null, Gene | null, Gene | null]): PartGenes | null {
  const [dominant, recessive1, recessive2] = genes
  return dominant === null || recessive1 === null || recessive2 === null ? null : { dominant, recessive1, recessive2 }
}

function shortPartGenes(type: PartType, word: number, region: number): PartGenes | null {
  const skin = skinNames[word >>> 30]
  const special = skin === 'japan' && region !== japan ? null : (skin ?? null)
  const gene = (shift: number, dress: string | null): Gene | null =>
    geneOf(type, classByCode.get((word >>> (shift + 6)) & 0b1111), (word >>> shift) & 0b111111, dress)
  return partGenesOf([gene(20, special), gene(10, null), gene(0, null)])
}

/** In the long format the high bit of the class stands one place higher: mech is 10000 and not 1000. */
const longClass = (code: number): AxieClass | undefined => classByCode.get(((code & 0b10000) >>> 1) | (code & 0b111))
const longSkins: Readonly<Record<number, string>> = { 1: 'mystic', 3: 'japan', 4: 'xmas', 5: 'xmas' }

/** `bits`: the lowest 43 of the part's 64, a whole number that floating point holds exactly. */
function longPartGenes(type: PartType, bits: number): PartGenes | null {
  const special = longSkins[Math.floor(bits / 2 ** 39) & 0b1111] ?? null
  const gene = (shift: number, dress: string | null): Gene | null => {
    const one = Math.floor(bits / 2 ** shift) & 0x1fff
    return geneOf(type, longClass(one >>> 8), one & 0xff, dress)
  }
  return partGenesOf([gene(26, special), gene(13, null), gene(0, null)])
}

function genesOf(axieClass: AxieClass | undefined, partGenes: (type: PartType) => PartGenes | null): Genes | null {
  if (axieClass === undefined) return null
  const decoded: Partial<Record<PartType, PartGenes>> = {}
  for (const type of partTypes) {
    const genes = partGenes(type)
    if (genes === null) return null
    decoded[type] = genes
  }
  return { class: axieClass, parts: decoded as Record<PartType, PartGenes> }
}

function decodeShort(digits: string): Genes | null {
  const word = (index: number): number => Number.parseInt(digits.slice(8 * index, 8 * index + 8), 16)
  const region = (word(0) >>> 19) & 0b11111
  return genesOf(classByCode.get(word(0) >>> 28), (type) => shortPartGenes(type, word(wordOf[type]), region))
}

function decodeLong(digits: string): Genes | null {
  const lowest43 = (index: number): number => Number.parseInt(digits.slice(16 * index + 5, 16 * index + 16), 16) % 2 ** 43
  return genesOf(longClass(Number.parseInt(digits.slice(0, 2), 16) >>> 3), (type) => longPartGenes(type, lowest43(wordOf[type])))
}

const hexadecimal = /^(?:0x)?([0-9a-f]{1,128})$/i

/**
 * What the genes say, or null for anything but genes of 256 or 512 bits that name known classes and parts: an egg's zero, any other
 * text. Leading zeros may be missing, as the market leaves them out.
 */
export function decodeGenes(text: string | null): Genes | null {
  const digits = text === null ? undefined : hexadecimal.exec(text)?.[1]
  if (digits === undefined) return null
  return digits.length <= 64 ? decodeShort(digits.padStart(64, '0')) : decodeLong(digits.padStart(128, '0'))
}

/** Parts by id. Recessive genes are those of plain parts; where they are left out, the dominant ones stand in. */
export type GenesToEncode = Readonly<{ class: AxieClass; dominant: SixParts; recessive1?: SixParts; recessive2?: SixParts }>

const geneBits = (part: Part): number => (classCodes[part.class] << 6) | part.geneCode

/**
 * Genes of 256 bits for these parts, as 0x and 64 digits, or null where 256 bits cannot say it: a part that does not exist or is of a
 * later edition (summer 2022), or parts of Japan beside plain ones that have a twin there.
 */
export function encodeGenes(wanted: GenesToEncode): string | null {
  const dominant = partTypes.map((type) => partOf(wanted.dominant[type]))
  const region = dominant.some((part) => part?.special === 'japan') ? japan : 0
  const words = new Array<number>(8).fill(0)
  words[0] = ((classCodes[wanted.class] << 28) | (region << 19)) >>> 0
  for (const [index, type] of partTypes.entries()) {
    const part = dominant[index]
    const [first, second] = [partOf((wanted.recessive1 ?? wanted.dominant)[type]), partOf((wanted.recessive2 ?? wanted.dominant)[type])]
    if (part === null || part === undefined || first === null || second === null) return null
    const skin = part.special === null ? 0 : skinCodes[part.special]
    if (skin === undefined) return null
    const bits = (skin << 30) | (geneBits(part) << 20) | (geneBits(first) << 10) | geneBits(second)
    if (shortPartGenes(type, bits >>> 0, region)?.dominant.part !== part) return null
    words[wordOf[type]] = bits >>> 0
  }
  return `0x${words.map((word) => word.toString(16).padStart(8, '0')).join('')}`
}

/**
 * How pure the genes are, 0 to 1, as players count it: over the six parts, 76/6 for a dominant gene of the axie's own class, 3 for the
 * first recessive and 1 for the second, summed, of 100.
 */
export function geneQualityOf(genes: Genes): number {
  const own = { dominant: 0, recessive1: 0, recessive2: 0 }
  for (const part of Object.values(genes.parts)) {
    if (part.dominant.class === genes.class) own.dominant += 1
    if (part.recessive1.class === genes.class) own.recessive1 += 1
    if (part.recessive2.class === genes.class) own.recessive2 += 1
  }
  return ((76 * own.dominant) / 6 + 3 * own.recessive1 + own.recessive2) / 100
}
