import type { CardTotals } from '#schemas/types.ts'
import { type AxieClass, classOf } from './classes.ts'
import { partRows } from './reference-tables.ts'

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
  /** Null for eyes and ears. */
  card: CardTotals | null
  /** From 1, dense within the type, below 64: for compact keys. */
  number: number
}>

function readRows(): Part[] {
  const counts = new Map<string, number>()
  return partRows.map(([id, className, geneCode, special, card]) => {
    const type = partTypes.find((name) => id.startsWith(`${name}-`))
    const partClass = classOf(className)
    if (type === undefined || partClass === null)
      throw new Error(`reference-tables.ts: expected a part of a class, found ${id}, ${className}`)
    const number = (counts.get(type) ?? 0) + 1
    counts.set(type, number)
    const totals = card === null ? null : { attack: card[0], defence: card[1], energy: card[2] }
    return { id, type, class: partClass, geneCode, special, card: totals, number }
  })
}

/** Every part there is, ordered by id. */
export const parts: readonly Part[] = readRows()

const byId: ReadonlyMap<string, Part> = new Map(parts.map((part) => [part.id, part]))

/** The part with this id, or null. The market writes some names with a question mark: `eyes-kotaro?` is `eyes-kotaro`. */
export function partOf(id: string): Part | null {
  const part = byId.get(id)
  if (part !== undefined) return part
  return id.endsWith('?') ? (byId.get(id.slice(0, -1)) ?? null) : null
}
