import { axieTitle, tame } from './format.js'

const collections = [
  ['mystic', 'Mystic'],
  ['japanese', 'Japanese'],
  ['xmas', 'Xmas'],
  ['summer', 'Summer'],
]

/** What sets an axie apart from a plain one of its parts, in short words: Origin, level 12, 2 evolved. */
export function attributeWords({ attributes }) {
  if (!attributes) return []
  const { title, level, onchainLevel, evolvedParts, nightmareParts, unknownParts, isBanned } = attributes
  return [
    title ? axieTitle(title) : null,
    level > 1 ? `level ${level}` : null,
    onchainLevel > 1 ? `level ${onchainLevel} on chain` : null,
    evolvedParts > 0 ? `${evolvedParts} evolved` : null,
    nightmareParts > 0 ? `${nightmareParts} Nightmare` : null,
    ...collections.map(([name, word]) => (attributes[name] > 0 ? `${attributes[name]} ${word}` : null)),
    unknownParts > 0 ? `${unknownParts} of unknown kind` : null,
    isBanned ? 'banned' : null,
  ]
    .filter((word) => word !== null)
    .map((word) => tame(word, 40))
}

const maxWorn = 3

/** Its accessories, the first few by name. */
export function wornWords({ attributes }) {
  const worn = attributes?.accessories ?? []
  const named = worn.slice(0, maxWorn).map(({ name, rarity }) => tame(rarity === null ? name : `${name} (${rarity})`, 60))
  return worn.length > maxWorn ? [...named, `${worn.length - maxWorn} more`] : named
}
