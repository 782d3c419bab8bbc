import type { CardTotals } from '#schemas/types.ts'
import { type AxieClass, classOf } from './classes.ts'
import { laterPartRows, partRows } from './reference-tables.ts'

export const partTypes = ['eyes', 'ears', 'mouth', 'horn', 'back', 'tail'] as const
export type PartType = (typeof partTypes)[number]

/** The parts that carry a battle card: players compare axies by these. */
export const battlePartTypes = ['back', 'mouth', 'horn', 'tail'] as const

export type Part = Readonly<{
  /** Such as `back-hermit`. */
  id: string
  type: PartType
  /** Never dawn, dusk or mech: these have no parts of their own. */
  class: AxieClass
  /** The six bits of its gene. Skins share the code of the plain part. */
  geneCode: number
  /** Mystic, seasonal and other special editions; null for a plain part. */
  special: string | null
  /** 2 once it has evolved. */
  stage: number
  /** Null for eyes and ears. */
  card: CardTotals | null
  /** From 1, dense within the type, below `firstUnknownNumber`: for compact keys. A later form has the number of the part it came from. */
  number: number
}>

function readRows(): Part[] {
  const counts = new Map<string, number>()
  return partRows.map(([id, className, geneCode, special, card]) => {
    const type = partTypeOf(id)
    const partClass = classOf(className)
    if (type === null || partClass === null) throw new Error(`reference-tables.ts: expected a part of a class, found ${id}, ${className}`)
    const number = (counts.get(type) ?? 0) + 1
    if (number >= firstUnknownNumber) throw new Error(`reference-tables.ts: more parts of type ${type} than numbers for them`)
    counts.set(type, number)
    const totals = card === null ? null : { attack: card[0], defence: card[1], energy: card[2] }
    return { id, type, class: partClass, geneCode, special, stage: 1, card: totals, number }
  })
}

/** What ids begin with, or null. */
export const partTypeOf = (id: string): PartType | null => partTypes.find((type) => id.toLowerCase().startsWith(`${type}-`)) ?? null

/** Numbers from here up to 63 stand for parts that are in no table: see `unknownPartNumber`. */
const firstUnknownNumber = 55
const numbers = 64

/** Every part of the table, ordered by id. Feature sets name these: later forms must not be among them, or models of before would misread. */
export const parts: readonly Part[] = readRows()

const byId: ReadonlyMap<string, Part> = new Map(parts.map((part) => [part.id, part]))

/** Not of a later form, and not unknown. */
export const isTablePart = (id: string): boolean => byId.has(id)

const laterParts: ReadonlyMap<string, Part> = new Map(
  laterPartRows.map(([id, plainId, special]) => {
    const plain = byId.get(plainId)
    if (plain === undefined) throw new Error(`reference-tables.ts: expected ${id} to come from a known part, found ${plainId}`)
    return [id, { ...plain, id, special }]
  }),
)

/** Forms met so far: there are a few hundred, and every listing asks for six. */
const forms = new Map<string, Part>()

/**
 * The part with this id, or null. Of a form that the table does not list: the part it came from, as evolved (`tail-koi-2`), shiny
 * (`back-tendrils-shiny-2`) or of a later edition. Spelling does not count: the market writes some names with a question mark
 * (`eyes-kotaro?` is `eyes-kotaro`).
 */
export function partOf(id: string): Part | null {
  const known = byId.get(id) ?? forms.get(id)
  if (known !== undefined) return known
  const spelled = id.toLowerCase().replaceAll('?', '')
  if (spelled !== id) return partOf(spelled)
  const form = formOf(id)
  if (form === null) return null
  const part = { ...form, id }
  forms.set(id, part)
  return part
}

const evolvedId = /^(.+)-([2-9])$/
const shinyId = /^(.+)-shiny$/

/** Takes off what evolution and a shiny look added to the id, once each. */
function formOf(id: string, stage = 1, isShiny = false): Part | null {
  const part = byId.get(id) ?? laterParts.get(id)
  if (part !== undefined) return { ...part, stage, special: isShiny ? `${part.special ?? 'plain'}-shiny` : part.special }
  const [, unevolved, evolvedTo] = evolvedId.exec(id) ?? []
  if (unevolved !== undefined && stage === 1) return formOf(unevolved, Number(evolvedTo), isShiny)
  const [, unshiny] = shinyId.exec(id) ?? []
  return unshiny === undefined || isShiny ? null : formOf(unshiny, stage, true)
}

/** One of the numbers that the table leaves free, by the id alone: two unknown parts are seldom taken for one. */
export function unknownPartNumber(id: string): number {
  let hash = 0
  for (let index = 0; index < id.length; index++) hash = (Math.imul(hash, 31) + id.charCodeAt(index)) >>> 0
  return firstUnknownNumber + (hash % (numbers - firstUnknownNumber))
}

export const partNumberOf = (id: string): number => partOf(id)?.number ?? unknownPartNumber(id)

const plainByGene: ReadonlyMap<string, Part> = new Map(
  parts.filter(({ special }) => special === null).map((part) => [`${part.type} ${part.class} ${part.geneCode}`, part]),
)

/** The plain part of this gene: what stands for one whose id nobody knows. */
export const plainPartOfGene = (type: PartType, partClass: AxieClass, geneCode: number): Part | null =>
  plainByGene.get(`${type} ${partClass} ${geneCode}`) ?? null
