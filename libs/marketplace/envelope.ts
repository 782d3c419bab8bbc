import { z } from 'zod'
import { MarketplaceError } from './errors.ts'
import { parsedAs } from './shapes.ts'

/** What surrounds data in an answer of GraphQL, and in the refusals that a gateway tells with status 200. */

const errorSchema = z.object({
  message: z.string(),
  path: z
    .array(z.union([z.string(), z.number()]))
    .nullish()
    .catch(null),
})
export type GraphqlError = z.output<typeof errorSchema>

const envelopeSchema = z.object({ data: z.unknown().optional(), errors: z.array(errorSchema).nullish(), message: z.unknown().optional() })

const mostWords = 500
const wordsOf = (errors: readonly GraphqlError[]): string =>
  errors
    .map(({ message }) => message)
    .join('; ')
    .slice(0, mostWords)

/** Data beside errors is fine: the errors name what is missing. MarketplaceError as `refusalIn`, and unexpected_shape. */
export function envelopeOf(json: unknown): { data: unknown; errors: readonly GraphqlError[] } {
  const refusal = refusalIn(json)
  if (refusal !== null) throw refusal
  const { data, errors } = parsedAs(envelopeSchema, json, 'answer')
  return { data, errors: errors ?? [] }
}

/**
 * An answer with no data in it says why in its errors, or in the gateway's `message`: rate_limited, refused (our query is not what the
 * schema allows), graphql_error (whatever else: a server behind it that is unwell). Null for an answer with data, and for what is none.
 */
export function refusalIn(json: unknown): MarketplaceError | null {
  const parsed = envelopeSchema.safeParse(json)
  if (!parsed.success) return null
  const { data, errors, message } = parsed.data
  if (hasData(data, errors ?? [])) return null
  const said = errors && errors.length > 0 ? wordsOf(errors) : typeof message === 'string' ? message.slice(0, mostWords) : ''
  if (said === '') return new MarketplaceError('unexpected_shape', 'answer: expected data or errors, found neither')
  if (isRateLimit(said)) return new MarketplaceError('rate_limited', `too many requests (told with status 200: ${said})`)
  if (isInvalidQuery(said)) return new MarketplaceError('refused', `the marketplace does not understand the query: ${said}`)
  return new MarketplaceError('graphql_error', `the marketplace answered with errors and no data: ${said}`)
}

/** A single field of the root that is null because of an error is no data either. */
function hasData(data: unknown, errors: readonly GraphqlError[]): boolean {
  if (data === null || data === undefined) return false
  if (typeof data !== 'object') return true
  const failed = new Set(errors.flatMap(({ path }) => (path?.[0] === undefined ? [] : [String(path[0])])))
  const roots = Object.entries(data)
  return !(
    roots.length > 0 &&
    errors.length > 0 &&
    roots.every(([name, value]) => value === null && (failed.has(name) || failed.size === 0))
  )
}

const isRateLimit = (said: string): boolean => /rate.?limit|too many requests|quota|throttl/i.test(said)
const isInvalidQuery = (said: string): boolean =>
  /cannot query field|unknown (argument|type|field)|syntax error|undefined variable|got invalid value|is not defined by type/i.test(said)

/** The errors of that place, and of those below it. */
export const errorsAt = (errors: readonly GraphqlError[], place: readonly (string | number)[]): readonly GraphqlError[] =>
  errors.filter(({ path }) => place.every((key, depth) => path?.[depth] === key))
