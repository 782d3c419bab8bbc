import { isUtf8 } from 'node:buffer'
import type { IHeaders, KafkaMessage } from 'kafkajs'
import { FatalError } from '#lib/errors/errors.ts'
import type { HeaderBytes, Headers, LogRecord, RawParts, TopicPartition } from '#lib/stream/log.ts'

/** `headerList` comes from our own decoding (record-batches.ts), where it is needed. */
type Message = KafkaMessage & Readonly<{ headerList?: readonly HeaderBytes[] }>

export function toLogRecord({ topic, partition }: TopicPartition, message: Message): LogRecord {
  const { offset, timestamp, key, value, headers } = message
  const raw = rawParts(message)
  return {
    topic,
    partition,
    offset: exact(offset),
    timestamp: Number(timestamp),
    key: key === null ? null : key.toString(),
    value,
    headers: headers === undefined ? noHeaders : toHeaders(headers),
    ...(raw !== null && { raw }),
  }
}

function rawParts({ key, headerList }: Message): RawParts | null {
  const isKeyText = key === null || isUtf8(key)
  if (isKeyText && headerList === undefined) return null
  return { ...(!isKeyText && { key }), ...(headerList !== undefined && { headers: headerList }) }
}

const noHeaders: Headers = Object.freeze({})

/** The last one counts of a header that is there more than once. */
function toHeaders(headers: IHeaders): Headers {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => {
      const last = Array.isArray(value) ? value.at(-1) : value
      return last === undefined ? [] : [[name, String(last)]]
    }),
  )
}

function exact(offset: string): number {
  const number = Number(offset)
  if (!Number.isSafeInteger(number)) throw new FatalError(`offset ${offset} is beyond what a number holds exactly (2^53)`)
  return number
}
