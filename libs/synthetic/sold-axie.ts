import { battlePartTypes } from '#lib/axie/parts.ts'
import type { SixParts } from '#schemas/types.ts'

/** What sets an axie of 2026 apart. Evolution shows in its parts. */
export type SoldAttributes = Readonly<{ title: string | null; level: number; onchainLevel: number }>

/** One sale as the sales files tell it, and nothing more: what both sources of the simulated market are made from. */
export type SoldAxie = Readonly<{
  /** Milliseconds, whole seconds. */
  soldAt: number
  tokenId: string
  /** As the market spells it: Aquatic, Beast, … */
  class: string
  breedCount: number
  parts: SixParts
  /** Absent where nothing but parts is known of it. */
  attributes?: SoldAttributes
  /** Dollars. Files hold whole ones. */
  priceUsd: number
}>

/** What players compare axies by: the class and the parts that battle. */
export const buildOf = (axie: Pick<SoldAxie, 'class' | 'parts'>): string =>
  `${axie.class},${battlePartTypes.map((type) => axie.parts[type]).join()}`
