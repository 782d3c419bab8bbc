import type { IHeaders, KafkaMessage } from 'kafkajs'
import { FatalError } from '#lib/errors/errors.ts'
import type { Headers, LogRecord, TopicPartition } from '#lib/stream/log.ts'

export function toLogRecord({ topic, partition }: TopicPartition, { offset, timestamp, key, value, headers }: KafkaMessage): LogRecord {
  return {
    topic,
    partition,
    offset: exact(offset),
    timestamp: Number(timestamp),
    key: key === null ? null : key.toString(),
    value,
    headers: headers === undefined ? noHeaders : toHeaders(headers),
  }
}

const noHeaders: Headers = Object.freeze({})

/** Of a header that is there more than once the last one counts. */
function toHeaders(headers: IHeaders): Headers {
  const texts: Record<string, string> = {}
  for (const name in headers) {
    const value = headers[name]
    const last = Array.isArray(value) ? value.at(-1) : value
    if (last !== undefined) texts[name] = String(last)
  }
  return texts
}

function exact(offset: string): number {
  const number = Number(offset)
  if (!Number.isSafeInteger(number)) throw new FatalError(`offset ${offset} is beyond what a number holds exactly (2^53)`)
  return number
}
