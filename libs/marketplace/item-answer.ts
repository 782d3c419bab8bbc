import { z } from 'zod'
import { RejectedError } from '#lib/errors/errors.ts'
import type { Item, ItemAttributes, PartFacts } from '#schemas/types.ts'
import { fieldAt, fieldOf, isNothing, type NoteOddity, optionalAt, smallInteger, text, tokenId } from './shapes.ts'

const itemSchema = z.object({
  id: tokenId,
  class: text(100).nullish(),
  breedCount: smallInteger.nullish(),
  newGenes: text(2_000).nullish(),
  genes: text(2_000).nullish(),
  image: text(2_000).nullish(),
  parts: z.array(z.looseObject({ id: text(100) })).max(64),
})

const accessory = z.object({ name: text(200), rarity: text(100).nullish().catch(null) })
/** One that has no name is passed over. */
const accessories = z
  .array(z.unknown())
  .max(64)
  .transform((worn) =>
    worn.flatMap((one) => {
      const known = accessory.safeParse(one)
      return known.success ? [{ name: known.data.name, rarity: known.data.rarity ?? null }] : []
    }),
  )

/** Whether class, parts and genes exist is not asked here. RejectedError: missing_field, bad_field. */
export function itemOf(entry: unknown, note: NoteOddity): Item {
  const found = fieldOf(itemSchema, entry, '')
  const isEgg = found.parts.length === 0
  // An egg has no class yet, and has not bred; a hatched axie has both.
  if (!isEgg && !found.class) throw new RejectedError('missing_field', 'class: expected a class, found nothing')
  if (!isEgg && (found.breedCount ?? null) === null)
    throw new RejectedError('missing_field', 'breedCount: expected a number, found nothing')
  return {
    tokenId: found.id,
    class: found.class ?? '',
    breedCount: found.breedCount ?? 0,
    genes: found.newGenes || found.genes || null,
    parts: found.parts.map(({ id }) => id),
    image: found.image ?? null,
    attributes: attributesOf(entry, found.parts, note),
  }
}

/** Null where the answer holds none of them, as all of 2022 do. An attribute that cannot be read costs itself alone. */
function attributesOf(entry: unknown, parts: readonly unknown[], note: NoteOddity): ItemAttributes | null {
  const at = <Schema extends z.ZodType>(schema: Schema, ...keys: readonly string[]) =>
    optionalAt(schema, keys.reduce<unknown>(fieldAt, entry), keys.join('.'), note)
  const attributes = {
    title: titleIn(entry, note),
    bodyShape: at(text(200), 'bodyShape'),
    stage: at(smallInteger, 'stage'),
    level: at(smallInteger, 'axpInfo', 'level'),
    onchainLevel: at(smallInteger, 'axpInfo', 'onchainLevel'),
    isBanned: at(z.boolean(), 'battleInfo', 'banned'),
    mystic: at(smallInteger, 'numMystic'),
    japanese: at(smallInteger, 'numJapan'),
    xmas: at(smallInteger, 'numXmas'),
    summer: at(smallInteger, 'numSummer'),
    accessories: at(accessories, 'equipmentInstances'),
  }
  const facts = parts.map((part) => partFactsOf(part, note))
  const isSilent = facts.every((fact) => Object.values(fact).every((value) => value === null))
  if (isSilent && Object.values(attributes).every((value) => value === null)) return null
  return { ...attributes, parts: isSilent ? [] : facts }
}

/** Null says that the axie has none; a field that did not come says nothing. */
function titleIn(entry: unknown, note: NoteOddity): string | null {
  const title = fieldAt(entry, 'title')
  return title === null ? '' : optionalAt(text(200), title, 'title', note)
}

const partFactsOf = (part: unknown, note: NoteOddity): PartFacts => {
  const special = fieldAt(part, 'specialGenes')
  return {
    class: optionalAt(text(100), fieldAt(part, 'class'), 'parts.class', note),
    type: optionalAt(text(100), fieldAt(part, 'type'), 'parts.type', note),
    special: special === null ? '' : optionalAt(text(100), special, 'parts.specialGenes', note),
    stage: isNothing(fieldAt(part, 'stage')) ? null : optionalAt(smallInteger, fieldAt(part, 'stage'), 'parts.stage', note),
  }
}
