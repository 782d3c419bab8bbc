import { request } from 'undici'
import { type Clock, systemClock } from '#lib/clock/clock.ts'
import { FatalError, RejectedError, RetryableError } from '#lib/errors/errors.ts'

/**
 * A schema registry: gives every schema text a small number, and gives the text back for the number.
 * Speaks the Confluent API, which Apicurio, Karapace and Redpanda serve too.
 */
export interface SchemaRegistry {
  /** The id of this schema under this subject; registers it where it is new. FatalError when it breaks compatibility. */
  register(subject: string, schema: string): Promise<number>
  /**
   * RejectedError `unknown_schema_id` only where the registry itself says that it has no such schema. Any other answer says nothing about
   * the record: RetryableError, until somebody has mended address, login or registry.
   */
  schemaById(id: number): Promise<string>
  /** Newer schemas of this subject must read everything ever written under it. */
  requireBackwardTransitive(subject: string): Promise<void>
}

export type RegistryOptions = Readonly<{
  /** With its base path, for example http://127.0.0.1:8081/apis/ccompat/v7. */
  url: string
  timeoutMillis?: number
}>

type Answer = Readonly<{ status: number; body: unknown }>

export function createRegistry({ url, timeoutMillis = 5_000 }: RegistryOptions): SchemaRegistry {
  const call = async (method: 'GET' | 'POST' | 'PUT', path: string, body?: object): Promise<Answer> => {
    try {
      const response = await request(`${url.replace(/\/$/, '')}${path}`, {
        method,
        headersTimeout: timeoutMillis,
        bodyTimeout: timeoutMillis,
        headers: { 'content-type': 'application/vnd.schemaregistry.v1+json', accept: 'application/vnd.schemaregistry.v1+json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      const answer = { status: response.statusCode, body: parseJson(await response.body.text()) }
      if (answer.status >= 500 || answer.status === 429) throw new Error(`status ${answer.status} ${JSON.stringify(answer.body)}`)
      return answer
    } catch (error) {
      throw new RetryableError(`schema registry ${url} does not answer ${method} ${path}: ${describe(error)}`, { cause: error })
    }
  }

  return {
    async register(subject, schema) {
      const answer = await call('POST', `/subjects/${encodeURIComponent(subject)}/versions`, { schema })
      const { status, body } = answer
      if (status === 409) {
        throw new FatalError(
          `the schema of ${subject} cannot read what was written with earlier versions of it: ${JSON.stringify(body)}. ` +
            'Give new fields a default and keep old ones.',
        )
      }
      const id = (body as { id?: unknown } | null)?.id
      if (status === 200 && typeof id === 'number') return id
      throw refusal(answer, url, `to register ${subject}`)
    },
    async schemaById(id) {
      const answer = await call('GET', `/schemas/ids/${id}`)
      const { schema, error_code: code } = (answer.body ?? {}) as { schema?: unknown; error_code?: unknown }
      if (answer.status === 200 && typeof schema === 'string') return schema
      if (answer.status === 404 && code === schemaNotFound)
        throw new RejectedError('unknown_schema_id', `no schema has id ${id} in the registry at ${url}`)
      throw refusal(answer, url, `for schema ${id}`)
    },
    async requireBackwardTransitive(subject) {
      const answer = await call('PUT', `/config/${encodeURIComponent(subject)}`, { compatibility: 'BACKWARD_TRANSITIVE' })
      const isError = answer.status !== 200 || 'error_code' in ((answer.body ?? {}) as object)
      if (isError) throw refusal(answer, url, `for the compatibility of ${subject}`)
    },
  }
}

/** "Schema not found", in the registry's own numbers. A 404 without it is somebody else's: a proxy's, or of a wrong path. */
const schemaNotFound = 40_403

const hints: Readonly<Record<number, string>> = {
  401: 'it wants a login, or another one',
  403: 'this login may not do that',
  404: 'is the path of SCHEMA_REGISTRY_URL right (Apicurio: /apis/ccompat/v7)?',
}

/** What the request can never be granted for ends the app (422: the schema is none); all else waits for people or for time. */
function refusal({ status, body }: Answer, url: string, what: string): Error {
  const hint = hints[status] === undefined ? '' : `: ${hints[status]}`
  const message = `schema registry ${url} answered ${status} when it was asked ${what}${hint}. It said ${JSON.stringify(body)?.slice(0, 300)}`
  return status === 422 ? new FatalError(message) : new RetryableError(message)
}

/** For tests and the embedded start: ids in order of registration, no compatibility check. */
export function createMemoryRegistry(): SchemaRegistry {
  const schemas: string[] = []
  return {
    async register(_subject, schema) {
      if (!schemas.includes(schema)) schemas.push(schema)
      return schemas.indexOf(schema) + 1
    },
    async schemaById(id) {
      const schema = schemas[id - 1]
      if (schema === undefined) throw new RejectedError('unknown_schema_id', `no schema has id ${id}`)
      return schema
    },
    async requireBackwardTransitive() {},
  }
}

/**
 * Runs `work` until it does not throw a RetryableError: waits 0.2 s, doubling to 5 s, with jitter. `onWait` says what it waits for.
 */
export async function untilAvailable<T>(
  work: () => Promise<T>,
  {
    clock = systemClock,
    onWait,
    signal,
  }: { clock?: Clock; onWait?: (message: string, attempt: number) => void; signal?: AbortSignal } = {},
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof RetryableError)) throw error
      onWait?.(error.message, attempt)
      await clock.sleep(Math.min(5_000, 200 * 2 ** Math.min(attempt - 1, 10)) * (0.5 + clock.random() / 2), signal)
    }
  }
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
