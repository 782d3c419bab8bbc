import { z } from 'zod'
import { isRateLimit, MarketplaceError } from './errors.ts'
import { parsedAs } from './shapes.ts'

/** What surrounds data in an answer of GraphQL, and in the refusals that a gateway tells with status 200. */

const words = z.string().min(1)
/** Servers say it in one of these. */
const saidIn = z.union([words, z.object({ message: words }).transform(({ message }) => message)]).catch('')
const codeIn = z
  .object({ code: words })
  .transform(({ code }) => code)
  .catch('')

/** As GraphQL has it, or a bare text. One without words is an error all the same. */
const errorSchema = z.preprocess(
  (error) => (typeof error === 'string' ? { message: error } : error),
  z
    .object({
      message: z.string().catch(''),
      path: z
        .array(z.union([z.string(), z.number()]))
        .nullish()
        .catch(null),
      extensions: codeIn,
    })
    .transform(({ message, path, extensions }) => ({ path, message: message || extensions || 'an error without words', code: extensions })),
)
export type GraphqlError = Pick<z.output<typeof errorSchema>, 'message' | 'path'>

const envelopeSchema = z.object({
  data: z.unknown().optional(),
  errors: z.preprocess((errors) => (isOne(errors) ? [errors] : errors), z.array(errorSchema).nullish()),
  ...{ message: saidIn.optional(), error: saidIn.optional(), detail: saidIn.optional() },
})

/** An error where a list of them belongs. */
function isOne(errors: unknown): boolean {
  return typeof errors === 'string' || (typeof errors === 'object' && errors !== null && !Array.isArray(errors))
}

const maxWords = 500
const wordsOf = (errors: readonly z.output<typeof errorSchema>[]): string =>
  errors
    .map(({ message, code }) => (code === '' || code === message ? message : `${message} (${code})`))
    .join('; ')
    .slice(0, maxWords)

/**
 * Data beside errors is fine: the errors name what is missing. MarketplaceError as `refusalIn`; where the data are not what was asked for,
 * graphql_error if errors beside them say that something failed, else unexpected_shape.
 */
export function dataIn<Schema extends z.ZodType>(
  json: unknown,
  schema: Schema,
): Readonly<{ data: z.output<Schema>; errors: readonly GraphqlError[] }> {
  const refusal = refusalIn(json)
  if (refusal !== null) throw refusal
  const { data, errors } = parsedAs(envelopeSchema, json, 'answer')
  if (errors && errors.length > 0 && !schema.safeParse(data).success) throw withoutData(wordsOf(errors))
  return { data: parsedAs(schema, data, 'data'), errors: errors ?? [] }
}

/** JSON of somebody else's: a proxy, a server that is about to end. What we asked has not changed its shape by it. */
const noAnswer = (): MarketplaceError =>
  new MarketplaceError('not_json', 'the marketplace answered with JSON that holds neither data nor errors')

const withoutData = (said: string): MarketplaceError =>
  new MarketplaceError('graphql_error', `the marketplace answered with errors and no data: ${said}`)

/**
 * An answer with no data in it says why in its errors, or in the gateway's `message`: rate_limited, refused (our query is not what the
 * schema allows), not_json (no answer of GraphQL at all), graphql_error (whatever else: a server behind it that is unwell). Null for an
 * answer with data, and for one whose frame is odd.
 */
export function refusalIn(json: unknown): MarketplaceError | null {
  const parsed = envelopeSchema.safeParse(typeof json === 'string' ? { message: json } : json)
  if (!parsed.success) return typeof json === 'object' && json !== null && !Array.isArray(json) ? null : noAnswer()
  const { data, errors, message, error, detail } = parsed.data
  if (hasData(data, errors ?? [])) return null
  const said = errors && errors.length > 0 ? wordsOf(errors) : (message || error || detail || '').slice(0, maxWords)
  // Null where data belongs is how a server says that something failed, words or no words.
  if (said === '' && data === null)
    return new MarketplaceError('graphql_error', 'the marketplace answered without data, and did not say why')
  if (said === '') return noAnswer()
  if (isRateLimit(said)) return new MarketplaceError('rate_limited', `too many requests (told with status 200: ${said})`)
  if (isInvalidQuery(said)) return new MarketplaceError('refused', `the marketplace does not understand the query: ${said}`)
  return withoutData(said)
}

/** A field of the root that is null because of an error is no data either; nor is one that holds nothing but such a field. */
function hasData(data: unknown, errors: readonly GraphqlError[]): boolean {
  if (data === null || data === undefined) return false
  if (typeof data !== 'object' || errors.length === 0) return true
  const roots = Object.entries(data)
  return roots.length === 0 || roots.some(([name, value]) => !hasFailed(value, errors, [name]))
}

function hasFailed(value: unknown, errors: readonly GraphqlError[], place: readonly string[]): boolean {
  if (value === null) return errors.some(({ path }) => !path || path.length === 0 || isAt(path, place))
  if (typeof value !== 'object' || Array.isArray(value)) return false
  // A list is as good as its entries: a number beside them says nothing.
  const filled = Object.entries(value as object).filter(([, inner]) => typeof inner !== 'number')
  return filled.length > 0 && filled.every(([name, inner]) => hasFailed(inner, errors, [...place, name]))
}

const isAt = (path: readonly (string | number)[], place: readonly string[]): boolean =>
  path.slice(0, place.length).every((key, depth) => key === place[depth])

const isInvalidQuery = (said: string): boolean =>
  /cannot query field|unknown (argument|type|field)|syntax error|undefined variable|got invalid value|is not defined by type|field.* (does not exist|doesn't exist|is undefined)|must (not )?have a (sub)?selection/i.test(
    said,
  )

/** The errors of that place, and of those below it. */
export const errorsAt = (errors: readonly GraphqlError[], place: readonly (string | number)[]): readonly GraphqlError[] =>
  errors.filter(({ path }) => place.every((key, depth) => path?.[depth] === key))
