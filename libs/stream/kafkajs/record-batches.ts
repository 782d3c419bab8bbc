import { isUtf8 } from 'node:buffer'
import { codecNames, decompressors } from '#lib/stream/batch-codecs.ts'
import type { HeaderBytes } from '#lib/stream/log.ts'
import { undecodableHeaders } from '#lib/stream/undecodable-batch.ts'

/** Kafka's record batches (format 2, the only one since Kafka 4.0) as kafkajs's messages. */
export type Message = {
  magicByte: number
  attributes: number
  timestamp: string
  offset: string
  key: Buffer | null
  value: Buffer | null
  headers: Record<string, Buffer | null | (Buffer | null)[]>
  /** All headers in their order: only where some have one name, no value, or a value that is no text. */
  headerList?: readonly HeaderBytes[]
  isControlRecord: boolean
  batchContext: BatchHead
}
type BatchHead = Readonly<{
  firstOffset: string
  lastOffsetDelta: number
  firstTimestamp: string
  maxTimestamp: string
  timestampType: number
  partitionLeaderEpoch: number
  inTransaction: boolean
  isControlBatch: boolean
  producerId: string
  producerEpoch: number
  firstSequence: number
  magicByte: number
}>

/** What a fetch may take as objects and bytes of ours. */
export type DecodeLimits = Readonly<{
  /** A batch beyond either is not decoded. */
  batchBytes: number
  batchRecords: number
  /** Once a fetch holds this many bytes, or records, its further batches are left to the next one. */
  fetchBytes: number
  fetchRecords: number
}>

/** The largest batch of ours is 8 MiB uncompressed; a producer's batch of a million records would take half a gigabyte as objects. */
export const usualLimits: DecodeLimits = {
  batchBytes: 64 * 1024 * 1024,
  batchRecords: 500_000,
  fetchBytes: 32 * 1024 * 1024,
  fetchRecords: 100_000,
}

const offsetAndLengthBytes = 12
/** From the batch's begin to its records: what stands in each batch's head. */
const headBytes = 61
const magic = 2
const magicAt = 16
const codecMask = 0x07

/**
 * Decodes a fetch's batches of one partition. A batch that cannot be decoded becomes one message (undecodable-batch.ts). One that compaction
 * emptied becomes a control record at its last offset, which kafkajs drops but counts: else a reader would never get past it.
 */
export async function decodeBatches(bytes: Buffer, limits: DecodeLimits = usualLimits): Promise<Message[]> {
  const messages: Message[] = []
  let decodedBytes = 0
  for (let at = 0; at + offsetAndLengthBytes <= bytes.length; ) {
    const length = bytes.readInt32BE(at + 8)
    if (length < 0) throw new Error(`a batch of ${length} bytes: where the next one begins nobody can say`)
    const end = at + offsetAndLengthBytes + length
    // The last batch of a fetch may be cut off: it comes whole with the next one.
    if (end > bytes.length) break
    const batch = bytes.subarray(at, end)
    const { records, size } = await decodeBatch(batch, limits)
    for (const record of records) messages.push(record)
    decodedBytes += size
    if (decodedBytes >= limits.fetchBytes || messages.length >= limits.fetchRecords) break
    at = end
  }
  return messages
}

async function decodeBatch(batch: Buffer, limits: DecodeLimits): Promise<{ records: Message[]; size: number }> {
  const format = batch.length > magicAt ? batch.readInt8(magicAt) : null
  // What stands where in another format, or in so few bytes, is not what we would read there, the range of its offsets least of all.
  if (format !== magic) return refused(batch, headOfNone(batch), 'unknown', `a batch of format ${format}, expected ${magic}`)
  if (batch.length < headBytes) return refused(batch, headOfNone(batch), 'unknown', `a batch of ${batch.length} bytes has no whole head`)
  const head = readHead(batch)
  const codec = codecNames[batch.readInt16BE(21) & codecMask]
  const count = batch.readInt32BE(57)
  try {
    if (codec === undefined) throw new Error('compressed by no codec that is known')
    if (count > limits.batchRecords) throw new Error(`it holds ${count} records, more than ${limits.batchRecords}`)
    if (count < 0) throw new Error(`it holds ${count} records`)
    if (count === 0) return { records: [placeholder(head)], size: 0 }
    const records = await decompressors[codec](batch.subarray(headBytes), limits.batchBytes)
    return { records: decodeRecords(records, count, head), size: records.length }
  } catch (error) {
    return refused(batch, head, codec ?? 'unknown', (error as Error).message)
  }
}

const readHead = (batch: Buffer): BatchHead => {
  const attributes = batch.readInt16BE(21)
  return {
    firstOffset: batch.readBigInt64BE(0).toString(),
    partitionLeaderEpoch: batch.readInt32BE(12),
    magicByte: magic,
    timestampType: (attributes >> 3) & 1,
    inTransaction: (attributes & 0x10) !== 0,
    isControlBatch: (attributes & 0x20) !== 0,
    lastOffsetDelta: batch.readInt32BE(23),
    firstTimestamp: batch.readBigInt64BE(27).toString(),
    maxTimestamp: batch.readBigInt64BE(35).toString(),
    producerId: batch.readBigInt64BE(43).toString(),
    producerEpoch: batch.readInt16BE(51),
    firstSequence: batch.readInt32BE(53),
  }
}

/** Where nothing but the offset in front is known: it is no batch of this format. */
const headOfNone = (batch: Buffer): BatchHead => ({
  firstOffset: batch.readBigInt64BE(0).toString(),
  partitionLeaderEpoch: 0,
  magicByte: magic,
  timestampType: 0,
  inTransaction: false,
  isControlBatch: false,
  lastOffsetDelta: 0,
  firstTimestamp: '0',
  maxTimestamp: '0',
  producerId: '-1',
  producerEpoch: -1,
  firstSequence: -1,
})

const refused = (batch: Buffer, head: BatchHead, codec: string, reason: string) => ({
  records: [undecodable(batch, head, codec, reason)],
  size: batch.length,
})

const lastOffsetOf = ({ firstOffset, lastOffsetDelta }: BatchHead): string => String(BigInt(firstOffset) + BigInt(lastOffsetDelta))

const placeholder = (head: BatchHead): Message => ({
  magicByte: head.magicByte,
  attributes: 0,
  timestamp: head.maxTimestamp,
  offset: lastOffsetOf(head),
  key: null,
  value: null,
  headers: {},
  isControlRecord: true,
  batchContext: head,
})

function undecodable(batch: Buffer, head: BatchHead, codec: string, reason: string): Message {
  const lastOffset = lastOffsetOf(head)
  const headers = {
    [undecodableHeaders.reason]: Buffer.from(reason),
    [undecodableHeaders.firstOffset]: Buffer.from(head.firstOffset),
    [undecodableHeaders.lastOffset]: Buffer.from(lastOffset),
    [undecodableHeaders.codec]: Buffer.from(codec),
  }
  return { ...placeholder(head), value: Buffer.from(batch), headers, isControlRecord: false }
}

function decodeRecords(bytes: Buffer, count: number, head: BatchHead): Message[] {
  const reader = createReader(bytes)
  const first = BigInt(head.firstOffset)
  const isExact = first <= BigInt(Number.MAX_SAFE_INTEGER) - BigInt(2 ** 31)
  const firstOffset = Number(first)
  const firstTimestamp = Number(head.firstTimestamp)
  const records: Message[] = []
  for (let index = 0; index < count; index++) {
    const length = reader.varint()
    const end = reader.position() + length
    if (length < 0 || end > bytes.length) throw new Error('a record ends beyond its batch')
    const attributes = reader.byte()
    const timestamp = firstTimestamp + reader.varint()
    const delta = reader.varint()
    const key = reader.bytes()
    const value = reader.bytes()
    const record: Message = {
      magicByte: head.magicByte,
      attributes,
      timestamp: head.timestampType === 1 ? head.maxTimestamp : String(timestamp),
      offset: isExact ? String(firstOffset + delta) : String(first + BigInt(delta)),
      key,
      value,
      headers: {},
      isControlRecord: head.isControlBatch,
      batchContext: head,
    }
    readHeaders(reader, record)
    if (reader.position() !== end) throw new Error('a record is longer or shorter than it says')
    records.push(record)
  }
  if (reader.position() !== bytes.length) throw new Error('bytes are left behind the last record')
  return records
}

function readHeaders(reader: Reader, record: Message): void {
  const count = reader.varint()
  if (count === 0) return
  if (count < 0) throw new Error('a negative number of headers')
  const list: HeaderBytes[] = []
  const names = new Set<string>()
  let isPlain = true
  for (let index = 0; index < count; index++) {
    const name = reader.bytes()?.toString() ?? ''
    const value = reader.bytes()
    if (names.has(name) || value === null || !isUtf8(value)) isPlain = false
    names.add(name)
    list.push([name, value])
  }
  record.headers = asKafkajs(list, names)
  if (!isPlain) record.headerList = list
}

/** One value by name, or an array of several, as kafkajs hands them out. */
function asKafkajs(list: readonly HeaderBytes[], names: ReadonlySet<string>): Message['headers'] {
  if (names.size === list.length) return Object.fromEntries(list)
  const grouped = [...names].map((name): [string, Buffer | null | (Buffer | null)[]] => {
    const values = list.filter(([other]) => other === name).map(([, value]) => value)
    return [name, values.length === 1 ? values[0]! : values]
  })
  return Object.fromEntries(grouped)
}

type Reader = ReturnType<typeof createReader>

function createReader(buffer: Buffer) {
  let at = 0
  /** Zigzag, 7 bits a byte, the lowest first. Beyond 32 bits by multiplication: exact up to 2^53, which no length or span of time reaches. */
  const varint = (): number => {
    let value = 0
    for (let scale = 1, index = 0; index < 10; index++, scale *= 128) {
      const byte = buffer[at++]
      if (byte === undefined) throw new Error('a number is cut off')
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value % 2 === 0 ? value / 2 : -(value + 1) / 2
    }
    throw new Error('a number of more than 64 bits')
  }
  return {
    position: () => at,
    varint,
    byte(): number {
      const byte = buffer[at++]
      if (byte === undefined) throw new Error('a record is cut off')
      return byte
    },
    bytes(): Buffer | null {
      const length = varint()
      if (length < 0) return null
      if (at + length > buffer.length) throw new Error('a field ends beyond its record')
      at += length
      return buffer.subarray(at - length, at)
    },
  }
}
