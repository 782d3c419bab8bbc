import { once } from 'node:events'
import type { Archive, ArchivedTopic } from '#lib/archive/archive.ts'
import type { Codec } from '#lib/codec/codec.ts'
import { RejectedError } from '#lib/errors/errors.ts'
import type { LogRecord } from '#lib/stream/log.ts'

export type PrintOptions = Readonly<{ partition: number | null; from: number; limit: number }>

/** One JSON object a line. What cannot be decoded is shown in hexadecimal, with the reason; bytes inside a record too. */
export async function printRecords(
  archive: Archive,
  topic: ArchivedTopic,
  { partition, from, limit }: PrintOptions,
  output: NodeJS.WritableStream,
): Promise<void> {
  const codec = archive.codec(topic)
  let left = limit
  if (left <= 0) return
  for await (const record of archive.records(topic, { ...(partition !== null && { partition }), fromOffset: from })) {
    // A reader that has seen enough (head) closes the pipe: that ends the program, not an error.
    if (!output.write(`${JSON.stringify(await printable(record, codec))}\n`)) await once(output, 'drain')
    if (--left === 0) return
  }
}

/** A record as people read it. */
export async function printable({ partition, offset, timestamp, key, headers, value }: LogRecord, codec: Codec) {
  return { partition, offset, timestamp: new Date(timestamp).toISOString(), key, headers, ...(await printableValue(value, codec)) }
}

async function printableValue(value: Buffer | null, codec: Codec): Promise<{ value: unknown; undecoded?: string }> {
  if (value === null) return { value: null }
  try {
    return { value: withoutBuffers(await codec.decodeAsWritten(value)) }
  } catch (error) {
    if (!(error instanceof RejectedError)) throw error
    return { value: value.toString('hex'), undecoded: error.message }
  }
}

function withoutBuffers(value: unknown): unknown {
  if (Buffer.isBuffer(value)) return value.toString('hex')
  if (Array.isArray(value)) return value.map(withoutBuffers)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, content]) => [name, withoutBuffers(content)]))
}
