import type { LogRecord } from './log.ts'

/**
 * A batch that cannot be decoded (damaged, or expanding beyond all measure) stands in the stream as one record: its last offset, no key, the
 * batch's bytes as they lie in the log, and headers that say what it is. So whoever refuses bad records refuses it as one of them, an
 * archive keeps it verbatim, and the stream goes on behind it.
 */
export const undecodableHeaders = {
  reason: 'undecodable-batch',
  firstOffset: 'undecodable-batch-first-offset',
  lastOffset: 'undecodable-batch-last-offset',
  codec: 'undecodable-batch-codec',
} as const

/** What the record stands for, for the message of a dead letter; null for a usual record. */
export function describeUndecodable({ headers }: Pick<LogRecord, 'headers'>): string | null {
  const reason = headers[undecodableHeaders.reason]
  if (reason === undefined) return null
  const { firstOffset, lastOffset, codec } = undecodableHeaders
  return `offsets ${headers[firstOffset]} to ${headers[lastOffset]}, codec ${headers[codec]}: ${reason}`
}
