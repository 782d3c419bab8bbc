/**
 * Genes of 256 bits, written as hexadecimal. From the most significant bit: 0-3 class, 8-12 region, then 32 bits for each part
 * (eyes 64, mouth 96, ears 128, horn 160, back 192, tail 224): 2 of skin, then dominant, first and second recessive gene with 4 bits of
 * class and 6 of code each. Checked on 4,771 real axies; the bits between (tag, pattern, colours) say nothing about a price.
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
/** Which 32-bit word of the genes holds a part. */
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

/** Six bits of code below four of class, of the ten bits that are a gene. */
function geneOf(type: PartType, bits: number, special: string | null): Gene | null {
  const [geneClass, code] = [classByCode.get((bits >>> 6) & 0b1111), bits & 0b111111]
  if (geneClass === undefined) return null
  const part = byGene.get(geneKey(type, geneClass, code, special)) ?? byGene.get(geneKey(type, geneClass, code, null))
  return part === undefined ? null : { class: geneClass, code, part }
}

function partGenesOf(type: PartType, word: number, region: number): PartGenes | null {
  const skin = skinNames[word >>> 30]
  const special = skin === 'japan' && region !== japan ? null : (skin ?? null)
  const dominant = geneOf(type, word >>> 20, special)
  const recessive1 = geneOf(type, word >>> 10, null)
  const recessive2 = geneOf(type, word, null)
  return dominant === null || recessive1 === null || recessive2 === null ? null : { dominant, recessive1, recessive2 }
}

const hexadecimal = /^(?:0x)?([0-9a-f]{1,64})$/i

/**
 * What the genes say, or null for anything but genes of 256 bits that name known classes and parts: 512-bit genes, an egg's zero,
 * any other text. Leading zeros may be missing, as the market leaves them out.
 */
export function decodeGenes(text: string | null): Genes | null {
  const digits = text === null ? undefined : hexadecimal.exec(text)?.[1]?.padStart(64, '0')
  if (digits === undefined) return null
  const word = (index: number): number => Number.parseInt(digits.slice(8 * index, 8 * index + 8), 16)
  const axieClass = classByCode.get(word(0) >>> 28)
  if (axieClass === undefined) return null
  const region = (word(0) >>> 19) & 0b11111
  const decoded: Partial<Record<PartType, PartGenes>> = {}
  for (const type of partTypes) {
    const genes = partGenesOf(type, word(wordOf[type]), region)
    if (genes === null) return null
    decoded[type] = genes
  }
  return { class: axieClass, parts: decoded as Record<PartType, PartGenes> }
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
    if (partGenesOf(type, bits >>> 0, region)?.dominant.part !== part) return null
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
