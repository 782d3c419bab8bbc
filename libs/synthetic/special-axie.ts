/**
 * Axies as they are since 2023: a title, levels, evolved and Nightmare parts. **Made up**, the shares as well as the premiums: no public
 * file of sales tells attributes. They serve to show that what is asked of the marketplace reaches forecasts, not how good these are.
 */
import { type PartType, partOf, partTypes } from '#lib/axie/parts.ts'
import { laterPartRows } from '#lib/axie/reference-tables.ts'
import type { SixParts } from '#schemas/types.ts'
import { createRandom, type Random } from './random.ts'
import type { SoldAttributes } from './sold-axie.ts'
import type { DrawnAxie, Unsold } from './synthetic-axie.ts'

/** By what a price is multiplied, as logs. */
const titlePremia: Readonly<Record<string, number>> = { Origin: 1.2, 'MEO Corp': 0.8, Agamogenesis: 0.5 }
const levelPremium = 0.12
const evolvedPremium = 0.12
const nightmarePremium = 0.25

const plain: SoldAttributes = { title: null, level: 1, onchainLevel: 1 }
const titles = Object.keys(titlePremia)
const nightmares = new Map(laterPartRows.flatMap(([id, plainId, edition]) => (edition === 'nightmare' ? [[plainId, id] as const] : [])))

/** Gives a `share` of the axies one to three of: a title, levels, evolved parts, a Nightmare part. 0: attributes stay unknown. */
export function createSpecials(seed: number, share: number): (drawn: DrawnAxie) => DrawnAxie {
  if (share === 0) return (drawn) => drawn
  return ({ axie, worth }) => {
    const random = createRandom('special', seed, axie.tokenId)
    const attributes = plain
    if (!random.chance(share)) return { axie: { ...axie, attributes }, worth }
    const first = random.below(4)
    const wants = (kind: number): boolean => kind === first || random.chance(0.25)
    const title = wants(0) ? titles[random.below(titles.length)]! : null
    const level = wants(1) ? 2 + random.below(49) : 1
    const evolved = wants(2) ? withForms(axie.parts, 1 + random.below(4), random, evolve) : axie.parts
    const parts = wants(3) ? withForms(evolved, 1, random, (id) => nightmares.get(id) ?? id) : evolved
    return { axie: { ...axie, parts, attributes: { title, level, onchainLevel: level } }, worth }
  }
}

/** Only parts that the tables know as they are evolve: the market writes some names with a question mark. */
const evolve = (id: string): string => (partOf(id)?.id === id ? `${id}-2` : id)

/** Some of the parts, the first of them anywhere. */
function withForms(parts: SixParts, count: number, random: Random, form: (id: string) => string): SixParts {
  const changed: Record<PartType, string> = { ...parts }
  const first = random.below(partTypes.length)
  for (let step = 0; step < count; step++) {
    const type = partTypes[(first + step) % partTypes.length]!
    changed[type] = form(changed[type])
  }
  return changed
}

/** Added to the log of its price. 0 for a plain axie. */
export function specialPremiumOf({ parts, attributes }: Unsold): number {
  if (attributes === undefined) return 0
  const forms = partTypes.map((type) => partOf(parts[type]))
  const evolved = forms.filter((part) => part?.stage === 2).length
  const nightmare = forms.filter((part) => part?.special === 'nightmare').length
  const title = attributes.title === null ? 0 : titlePremia[attributes.title]!
  return title + levelPremium * Math.log2(attributes.level) + evolvedPremium * evolved + nightmarePremium * nightmare
}
