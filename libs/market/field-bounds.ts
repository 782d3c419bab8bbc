import { RejectedError } from '#lib/errors/errors.ts'
import type { MarketEvent } from '#schemas/types.ts'

/**
 * How long what an event says may be. Far above anything honest; beyond it a record is no event but an attack or a mistake, and what is
 * remembered of it (ids in the fold, hashes in the offset's metadata, columns of the archive) must not grow with it.
 */
const maxTextLength = 500
/**
 * Three of these are carried beside each committed offset, which keeps 4,096 bytes: at six bytes a character, as JSON may need, there is
 * room for what else is carried.
 */
const maxCarriedLength = 160
const maxListLength = 10_000

const lengths: Readonly<Record<string, number>> = {
  modelId: maxCarriedLength,
  featureSetHash: maxCarriedLength,
  rulesHash: maxCarriedLength,
  /** A whole set of rules, as its hash was made of. */
  rules: 1_000_000,
  reason: 10_000,
}

/** RejectedError `field_too_long`, with the field's path. */
export function checkBounds(event: MarketEvent): void {
  checkFields(event as unknown as Fields, '')
}

type Fields = Readonly<Record<string, unknown>>

function checkFields(fields: Fields, path: string): void {
  for (const name in fields) checkValue(fields[name], name, path)
}

function checkValue(value: unknown, name: string, path: string): void {
  if (typeof value === 'string') {
    const most = lengths[name] ?? maxTextLength
    if (value.length > most) throw tooLong(`${path}${name}`, `at most ${most} characters`, value.length)
  } else if (Array.isArray(value)) {
    if (value.length > maxListLength) throw tooLong(`${path}${name}`, `at most ${maxListLength} entries`, value.length)
    for (const entry of value) checkValue(entry, name, path)
  } else if (typeof value === 'object' && value !== null) checkFields(value as Fields, `${path}${name}.`)
}

const tooLong = (field: string, expected: string, found: number) =>
  new RejectedError('field_too_long', `${field}: expected ${expected}, found ${found}`)
