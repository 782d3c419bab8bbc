import type { HeaderBytes } from '#lib/stream/log.ts'
import { kafkajsModule, replaceKafkajsModule } from './internals.ts'

/**
 * kafkajs 2.2.4 takes headers as an object: it cannot write one without a value (it fails on `Buffer.byteLength(null)`), nor keep the order
 * of names that repeat. Here headers may also be a list of names and bytes, which is written as it is.
 */
type Encoder = {
  writeVarInt(value: number): Encoder
  writeInt8(value: number): Encoder
  writeVarLong(value: number): Encoder
  writeVarIntBytes(value: Buffer | string | null | undefined): Encoder
  writeVarIntString(value: string): Encoder
  writeEncoder(encoder: Encoder): Encoder
  size(): number
}
type Record = Readonly<{
  offsetDelta?: number
  timestampDelta?: number
  key?: Buffer | string | null
  value: Buffer | string | null
  headers?: object | readonly HeaderBytes[]
}>
const Encoder = kafkajsModule('protocol/encoder') as new () => Encoder
const encodeUnpatched = kafkajsModule('protocol/recordBatch/record/v0') as (record: Record) => Encoder

export function encodeRecord(record: Record): Encoder {
  const { offsetDelta = 0, timestampDelta = 0, key, value, headers } = record
  if (!Array.isArray(headers)) return encodeUnpatched(record)
  const body = new Encoder()
    .writeInt8(0)
    .writeVarLong(timestampDelta)
    .writeVarInt(offsetDelta)
    .writeVarIntBytes(key)
    .writeVarIntBytes(value)
    .writeVarInt(headers.length)
  for (const [name, bytes] of headers as readonly HeaderBytes[]) body.writeVarIntString(name).writeVarIntBytes(bytes)
  return new Encoder().writeVarInt(body.size()).writeEncoder(body)
}

replaceKafkajsModule(
  'protocol/recordBatch/record/v0',
  encodeRecord,
  [3, 5, 6, 7].map((version) => `protocol/requests/produce/v${version}/request`),
)
