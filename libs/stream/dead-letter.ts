import { createHash } from 'node:crypto'
import type { RejectCode } from '#lib/errors/reject-codes.ts'
import type { Headers, LogRecord, NewRecord } from './log.ts'
import { headerBytesOf, withHeaders } from './raw-headers.ts'

export type Rejection = Readonly<{ code: RejectCode; message: string }>

/** Headers of a dead letter, beside those of the original record. */
export const deadLetterHeaders = {
  app: 'dead-letter-app',
  topic: 'dead-letter-topic',
  partition: 'dead-letter-partition',
  offset: 'dead-letter-offset',
  code: 'dead-letter-code',
  message: 'dead-letter-message',
  /** 1 the first time; a redriven record that is refused again counts on. */
  attempt: 'dead-letter-attempt',
  /** Only where the value was too large to keep whole: its true size in bytes and the SHA-256 of all of it. */
  size: 'dead-letter-size',
  sha256: 'dead-letter-sha256',
  truncated: 'dead-letter-truncated',
} as const

const maxMessageLength = 1_000
const maxKeyLength = 1_000
const maxOriginalHeaderBytes = 16_384
/** Room in the record for key, headers and framing. */
const reservedBytes = 32_768

/**
 * The original bytes under the original key, with headers that say where it came from, who refused it and why. A value that would make
 * the record larger than `maxRecordBytes` is cut; its hash and true size tell what it was.
 */
export function deadLetter(
  record: LogRecord,
  { code, message }: Rejection,
  { app, topic, maxRecordBytes }: { app: string; topic: string; maxRecordBytes: number },
): NewRecord {
  const { value } = record
  const room = Math.max(0, maxRecordBytes - reservedBytes)
  const cut = value !== null && value.length > room
  return {
    topic,
    key: (record.key ?? `${record.topic}-${record.partition}-${record.offset}`).slice(0, maxKeyLength),
    value: cut ? value.subarray(0, room) : value,
    ...withHeaders(smallEnough(record), {
      [deadLetterHeaders.app]: app,
      [deadLetterHeaders.topic]: record.topic,
      [deadLetterHeaders.partition]: String(record.partition),
      [deadLetterHeaders.offset]: String(record.offset),
      [deadLetterHeaders.code]: code,
      [deadLetterHeaders.message]: message.slice(0, maxMessageLength),
      [deadLetterHeaders.attempt]: String(attemptOf(record.headers) + 1),
      ...(cut && {
        [deadLetterHeaders.truncated]: 'true',
        [deadLetterHeaders.size]: String(value.length),
        [deadLetterHeaders.sha256]: createHash('sha256').update(value).digest('hex'),
      }),
    }),
  }
}

function attemptOf(headers: Headers): number {
  const attempt = Number(headers[deadLetterHeaders.attempt] ?? 0)
  return Number.isSafeInteger(attempt) && attempt >= 0 ? attempt : 0
}

/** Headers, and a key that is no text, are part of the evidence unless they are too large to be kept beside it. */
function smallEnough({ headers, raw }: LogRecord): Pick<LogRecord, 'headers' | 'raw'> {
  const key = raw?.key !== undefined && raw.key.length <= maxKeyLength ? { key: raw.key } : {}
  if (headerBytesOf({ headers, raw }) > maxOriginalHeaderBytes) return { headers: {}, ...('key' in key && { raw: key }) }
  const list = raw?.headers === undefined ? {} : { headers: raw.headers }
  return { headers, ...(('key' in key || 'headers' in list) && { raw: { ...key, ...list } }) }
}
