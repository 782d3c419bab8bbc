import { FatalError, RetryableError } from '#lib/errors/errors.ts'

/**
 * What an error of the minio client means:
 *   missing   there is no such object
 *   exists    the condition If-None-Match: * did not hold
 *   conflict  another write of the same key was under way (409): this one has not taken effect, and no object need exist. Put again
 *   unknown   no answer, or a 5xx: the request may have taken effect
 *   away      the server was not reached, or asks for patience: the request has not taken effect
 *   fatal     it will never work like this
 */
export type S3Failure = Readonly<{ kind: 'missing' | 'exists' | 'conflict' | 'unknown' | 'away' | 'fatal'; error: Error }>

const missing = new Set(['NoSuchKey', 'NotFound'])
const exists = new Set(['PreconditionFailed'])
const conflict = new Set(['ConditionalRequestConflict', 'OperationAborted'])
const away = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'SlowDown',
  'ServiceUnavailable',
  'RequestTimeTooSkewed',
])
const unknown = new Set([
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ECONNABORTED',
  'ERR_STREAM_PREMATURE_CLOSE',
  'InternalError',
  'RequestTimeout',
])
const refused = new Set([
  'AccessDenied',
  'InvalidAccessKeyId',
  'SignatureDoesNotMatch',
  'AuthorizationHeaderMalformed',
  'InvalidToken',
  'ExpiredToken',
])

/** `where` names the operation, the bucket and the endpoint. Neither credentials nor signatures ever get into a message. */
export function s3Failure(error: unknown, where: string): S3Failure {
  const code = codeOf(error)
  const options = { cause: error }
  if (missing.has(code)) return { kind: 'missing', error: new FatalError(`${where}: not found`, options) }
  if (exists.has(code)) return { kind: 'exists', error: new FatalError(`${where}: it exists already`, options) }
  if (conflict.has(code))
    return { kind: 'conflict', error: new RetryableError(`${where}: another write of it was under way (${code})`, options) }
  if (away.has(code)) return { kind: 'away', error: new RetryableError(`${where}: the server is away (${code})`, options) }
  if (unknown.has(code) || isServerError(error)) {
    return { kind: 'unknown', error: new RetryableError(`${where}: the connection or the server failed (${messageOf(error)})`, options) }
  }
  if (refused.has(code)) {
    return {
      kind: 'fatal',
      error: new FatalError(`${where}: the server refuses these credentials (${code}). Check S3_ACCESS_KEY and S3_SECRET_KEY`, options),
    }
  }
  return { kind: 'fatal', error: new FatalError(`${where}: ${messageOf(error)}`, options) }
}

/** Node joins the failures of several addresses (IPv6, IPv4) in one error without a code of its own. */
function codeOf(error: unknown): string {
  const { code, errors } = (error ?? {}) as { code?: unknown; errors?: unknown[] }
  if (typeof code === 'string') return code
  return errors?.length ? codeOf(errors[0]) : ''
}

/** The client turns the status codes it would retry into plain errors with this text, and closes a cut answer with 'aborted'. */
const isServerError = (error: unknown) => /Retryable HTTP status: \d+|^aborted$|socket hang up/.test(messageOf(error))

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error))
