import { kafkajsModule } from './internals.ts'
import { decodeBatches } from './record-batches.ts'

/**
 * kafkajs 2.2.4 ends a consumer for good on a batch that it cannot decode: one compressed by snappy, lz4 or zstd (its codecs are plug-ins), or
 * a damaged one. It expands whatever it is sent (300 kB of zeros take 735 MB), does not keep the order of headers whose names repeat, and
 * stands still before a batch that compaction emptied.
 *
 * The patch decodes the record sets of a fetch itself, see `record-batches.ts`. Brokers since Kafka 2.4 answer in this version of the
 * response; older ones are left to kafkajs.
 */
type Decoder = {
  readInt8(): number
  readInt16(): number
  readInt32(): number
  readInt64(): { toString(): string }
  readString(): string
  readBytes(length: number): Buffer
  canReadBytes(length: number): boolean
}
const Decoder = kafkajsModule('protocol/decoder') as new (bytes: Buffer) => Decoder
const response = kafkajsModule('protocol/requests/fetch/v11/response') as { decode(bytes: Buffer): Promise<unknown> }

response.decode = async (bytes) => {
  const decoder = new Decoder(bytes)
  const clientSideThrottleTime = decoder.readInt32()
  const errorCode = decoder.readInt16()
  const sessionId = decoder.readInt32()
  const responses = await readEach(decoder, async () => ({
    topicName: decoder.readString(),
    partitions: await readEach(decoder, () => readPartition(decoder)),
  }))
  // As in kafkajs: brokers of this version have not throttled, they expect the client to.
  return { throttleTime: 0, clientSideThrottleTime, errorCode, sessionId, responses }
}

async function readPartition(decoder: Decoder): Promise<object> {
  const head = {
    partition: decoder.readInt32(),
    errorCode: decoder.readInt16(),
    highWatermark: decoder.readInt64().toString(),
    lastStableOffset: decoder.readInt64().toString(),
    lastStartOffset: decoder.readInt64().toString(),
    abortedTransactions: await readEach(decoder, async () => ({
      producerId: decoder.readInt64().toString(),
      firstOffset: decoder.readInt64().toString(),
    })),
    preferredReadReplica: decoder.readInt32(),
  }
  const size = decoder.readInt32()
  return { ...head, messages: size > 0 ? await decodeBatches(decoder.readBytes(size)) : [] }
}

/** An array with its length in front; a missing one is as good as an empty one. */
async function readEach<T>(decoder: Decoder, read: () => Promise<T>): Promise<T[]> {
  const length = decoder.readInt32()
  const items: T[] = []
  for (let index = 0; index < length; index++) items.push(await read())
  return items
}
