import { partOf } from '#lib/axie/parts.ts'

/** How many of these parts are mystic, japan, xmas, summer: as the marketplace counts them. */
export const partsOfEdition = (ids: readonly string[], edition: string): number =>
  ids.filter((id) => partOf(id)?.special?.startsWith(edition)).length
