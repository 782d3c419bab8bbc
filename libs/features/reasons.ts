import { similarityLadder } from '#lib/axie/similarity.ts'

/**
 * What a feature is about, in people's words: a forecast is explained by a handful of these rather than by two hundred numbers, many of
 * which say nearly the same.
 */
export function reasonOf(feature: string): string {
  const reason = found.get(feature) ?? find(feature)
  found.set(feature, reason)
  return reason
}

/** Asked for every column of a model, for every listing that is explained. */
const found = new Map<string, string>()

function find(feature: string): string {
  const known = feature.replace(/^residual\./, '')
  return rules.find(([pattern]) => pattern.test(known))?.[1] ?? 'other'
}

const fineRungs: readonly string[] = ['n4b', 'c4', 'c4b', 'six', 'full']
const rungs = similarityLadder.map(({ name }) => name)
const startsWith = (names: readonly string[]): RegExp => new RegExp(`^(${names.join('|')})\\.`)

const rules: readonly (readonly [pattern: RegExp, reason: string])[] = [
  [/^own(\.|$)/, 'its own last sale'],
  [startsWith(rungs.filter((name) => fineRungs.includes(name))), 'sales of axies with its four cards'],
  [startsWith(rungs.filter((name) => !fineRungs.includes(name))), 'sales of its class with some of its parts'],
  [/^(pool|neighbours)\./, 'sales of the axies most like it'],
  [/^(class|tier)\./, 'where its class trades now'],
  [/^(market\.|hours|days|reference$|q\d)/, 'where the market moves'],
  [/^(class|eyes|ears|mouth|horn|back|tail|effect|special_parts|own_battle_parts)$/, 'its class and parts'],
  [/^breed_count$/, 'its breed count'],
  [/^(purity|gene_quality)$/, 'its purity and genes'],
  [/^token_number$/, 'its age'],
  [/^(hit_points|speed|skill|morale|attack|defence|energy)$/, 'its stats and cards'],
  [/^combo\./, 'leaderboard wins of its parts'],
  [/^attribute\./, 'its title, level and evolution'],
]
