import './mappersmith-null-patch.ts'
import { COMPATIBILITY, SchemaRegistry as ConfluentClient, SchemaType } from '@kafkajs/confluent-schema-registry'
import { request } from 'undici'
import { FatalError, RejectedError, RetryableError } from '#lib/errors/errors.ts'
import { incompatible, type SchemaRegistry } from './registry.ts'

export type RegistryOptions = Readonly<{
  /** With its base path, for example http://127.0.0.1:8081/apis/ccompat/v7. */
  url: string
  /** For each request. */
  timeoutMillis?: number
}>

type Middleware = NonNullable<NonNullable<ConstructorParameters<typeof ConfluentClient>[0]['middlewares']>[number]>
type Answer = Readonly<{ status: number; body: unknown }>

/**
 * A registry that speaks the Confluent API, as Apicurio, Karapace and Redpanda do too. The client is @kafkajs/confluent-schema-registry.
 * Around it stands what it lacks:
 *
 * - deadlines: it would wait for ever for a registry that hangs, and for an answer that is cut;
 * - a schema's text: it keeps the parsed type alone, but archives and replay compare texts;
 * - reasons: it drops the registry's error_code and calls a refused connection status 400. Where it fails to get a schema, we ask once
 *   more ourselves;
 * - compatibility before the first schema: it sets it after, and refuses a subject that has another.
 */
export function createRegistry({ url, timeoutMillis = 5_000 }: RegistryOptions): SchemaRegistry {
  const root = url.replace(/\/$/, '')
  const ask = askDirectly(root, timeoutMillis)
  const texts = new Map<number, string>()
  const client = new ConfluentClient({
    host: root,
    retry: { retries: 0 },
    middlewares: [withDeadline(timeoutMillis), keepTexts((id, text) => texts.set(id, text))],
  })

  return {
    async register(subject, schema) {
      await requireCompatibility(ask, root, subject)
      try {
        const { id } = await client.register(
          { type: SchemaType.AVRO, schema },
          { subject, compatibility: COMPATIBILITY.BACKWARD_TRANSITIVE },
        )
        if (typeof id === 'number') return id
      } catch (error) {
        throw registrationFailure(error, root, subject)
      }
      throw new RetryableError(`schema registry ${root} answered without an id when it was asked to register ${subject}`)
    },
    async schemaById(id) {
      if (!texts.has(id)) await client.getSchema(id).catch(() => {})
      return texts.get(id) ?? schemaText(await ask('GET', `/schemas/ids/${id}`), root, id)
    },
  }
}

/** Every request of the client ends after `millis`, whatever the registry does. */
const withDeadline =
  (millis: number): Middleware =>
  () => ({
    prepareRequest: async (next) => (await next()).enhance({ signal: AbortSignal.timeout(millis) }),
    response: (next, _renew, request) =>
      new Promise((resolve, reject) => {
        const signal = request.signal()
        signal?.addEventListener('abort', () => reject(new Error(`no answer within ${millis} ms`)), { once: true })
        next().then(resolve, reject)
      }),
  })

const keepTexts =
  (keep: (id: number, text: string) => void): Middleware =>
  ({ resourceName, resourceMethod }) => ({
    async response(next, _renew, request) {
      const response = await next()
      const { schema } = response.data<{ schema?: unknown }>()
      if (resourceName === 'Schema' && resourceMethod === 'find' && typeof schema === 'string') keep(Number(request.params()['id']), schema)
      return response
    },
  })

type Ask = (method: 'GET' | 'PUT', path: string, body?: object) => Promise<Answer>

/** Our own request, for what the client has no call for or no words for. RetryableError where no usable answer comes. */
const askDirectly =
  (root: string, timeoutMillis: number): Ask =>
  async (method, path, body) => {
    try {
      const response = await request(`${root}${path}`, {
        method,
        signal: AbortSignal.timeout(timeoutMillis),
        headers: { 'content-type': 'application/vnd.schemaregistry.v1+json', accept: 'application/vnd.schemaregistry.v1+json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      const answer = { status: response.statusCode, body: parseJson(await response.body.text()) }
      if (answer.status >= 500 || answer.status === 429) throw new Error(`status ${answer.status} ${JSON.stringify(answer.body)}`)
      return answer
    } catch (error) {
      throw new RetryableError(`schema registry ${root} does not answer ${method} ${path}: ${describe(error)}`, { cause: error })
    }
  }

async function requireCompatibility(ask: Ask, root: string, subject: string): Promise<void> {
  const answer = await ask('PUT', `/config/${encodeURIComponent(subject)}`, { compatibility: COMPATIBILITY.BACKWARD_TRANSITIVE })
  // Some registries take no rule for a subject that has no schema yet: there the client sets it after the first one.
  if (errorCode(answer) === subjectNotFound) return
  if (answer.status !== 200 || errorCode(answer) !== undefined) throw refusal(answer, root, `for the compatibility of ${subject}`)
}

function registrationFailure(error: unknown, root: string, subject: string): Error {
  const { status } = error as { status?: number }
  if (status === 409) return incompatible(subject, describe(error))
  const message = `schema registry ${root} does not register ${subject}: ${describe(error)}${hint(status)}`
  return status === 422 ? new FatalError(message, { cause: error }) : new RetryableError(message, { cause: error })
}

function schemaText(answer: Answer, root: string, id: number): string {
  const { schema } = (answer.body ?? {}) as { schema?: unknown }
  if (answer.status === 200 && typeof schema === 'string') return schema
  if (answer.status === 404 && errorCode(answer) === schemaNotFound)
    throw new RejectedError('unknown_schema_id', `no schema has id ${id} in the registry at ${root}`)
  throw refusal(answer, root, `for schema ${id}`)
}

/** The registry's own numbers. A 404 without one is somebody else's: a proxy's, or of a wrong path. */
const subjectNotFound = 40_401
const schemaNotFound = 40_403
const errorCode = ({ body }: Answer): unknown => (body as { error_code?: unknown } | null)?.error_code

const hints: Readonly<Record<number, string>> = {
  401: 'it wants a login, or another one',
  403: 'this login may not do that',
  404: 'is the path of SCHEMA_REGISTRY_URL right (Apicurio: /apis/ccompat/v7)?',
}
const hint = (status: number | undefined): string => (status === undefined || hints[status] === undefined ? '' : `: ${hints[status]}`)

/** What the request can never be granted for ends the app (422: the schema is none); all else waits for people or for time. */
function refusal({ status, body }: Answer, root: string, what: string): Error {
  const answer = JSON.stringify(body)?.slice(0, 300)
  const message = `schema registry ${root} answered ${status} when it was asked ${what}${hint(status)}. Its answer: ${answer}`
  return status === 422 ? new FatalError(message) : new RetryableError(message)
}

function parseJson(text: string): unknown {
  try {
    return text === '' ? null : JSON.parse(text)
  } catch {
    throw new Error(`expected JSON, got ${text.slice(0, 80)}`)
  }
}

const describe = (error: unknown): string =>
  error instanceof Error ? error.message || String((error as { code?: unknown }).code ?? error.name) : String(error)
