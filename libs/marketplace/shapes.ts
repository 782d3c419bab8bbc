import { z } from 'zod'
import { RejectedError } from '#lib/errors/errors.ts'
import { MarketplaceError } from './errors.ts'

/** How values of the marketplace are read: numbers may come as text and texts as numbers, whatever is longer than it can be is refused. */

const numberAsText = (value: unknown): unknown =>
  typeof value === 'number' ? (Number.isSafeInteger(value) || !Number.isInteger(value) ? String(value) : `${value} (not exact)`) : value
const textAsNumber = (value: unknown): unknown => (typeof value === 'string' && /^-?\d{1,15}$/.test(value) ? Number(value) : value)

export const text = (longest: number) => z.string().max(longest)
export const tokenId = z.preprocess(numberAsText, z.string().regex(/^\d{1,20}$/, 'expected digits'))
export const digits = z.preprocess(numberAsText, z.string().regex(/^\d{1,80}$/, 'expected digits'))
export const price = z.preprocess(numberAsText, text(200))
export const seconds = z.preprocess(textAsNumber, z.number().int().min(0).max(1e11))
export const smallInteger = z.preprocess(
  textAsNumber,
  z
    .number()
    .int()
    .min(-(2 ** 31))
    .max(2 ** 31 - 1),
)
/** Lists of a page may be anything as long as they are lists: each entry is judged alone. */
export const entries = z.array(z.unknown()).max(10_000)

/** An answer as a whole. MarketplaceError: unexpected_shape, with the paths. */
export function parsedAs<Schema extends z.ZodType>(schema: Schema, value: unknown, name: string): z.output<Schema> {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  throw new MarketplaceError('unexpected_shape', describeIssues(parsed.error, name))
}

/** A part of an entry. RejectedError: missing_field, bad_field, with the paths. */
export function fieldOf<Schema extends z.ZodType>(schema: Schema, value: unknown, name: string): z.output<Schema> {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const isMissing = parsed.error.issues.some(({ path }) => isNothing(path.reduce<unknown>(fieldAt, value)))
  const message = describeIssues(parsed.error, name).replaceAll(/(^|; )\./g, '$1')
  throw new RejectedError(isMissing ? 'missing_field' : 'bad_field', message)
}

const describeIssues = (error: z.ZodError, name: string): string =>
  error.issues
    .slice(0, 5)
    .map(({ path, message }) => `${[name, ...path].join('.')}: ${message}`)
    .join('; ')

export const isNothing = (value: unknown): value is null | undefined => value === null || value === undefined
export const fieldAt = (value: unknown, key: PropertyKey): unknown =>
  isNothing(value) ? undefined : (value as Record<PropertyKey, unknown>)[key]

/** Told of each field that is there and not of the kind that is expected, by its path: the entry goes on without it. */
export type NoteOddity = (path: string) => void

/** A field that an entry can do without: null where it is missing, and where it is odd. */
export function optionalAt<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  path: string,
  note: NoteOddity,
): z.output<Schema> | null {
  if (isNothing(value)) return null
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  note(path)
  return null
}
