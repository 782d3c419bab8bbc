import type { Admin, AdminConfig, Kafka } from 'kafkajs'
import { kafkajsModule } from './internals.ts'

/**
 * kafkajs 2.2.4 speaks Metadata up to version 6; since version 10 (Kafka 2.8) the answer names each topic's id, which tells a topic from
 * another one of the same name that was made later (KIP-516; no issue is filed). And it hides the cluster that an admin asks.
 *
 * This remembers the cluster of each admin, and asks it by version 12, for the ids alone.
 */

type Encoder = {
  writeUVarInt(value: number): Encoder
  writeUVarIntString(value: string): Encoder
  writeInt8(value: number): Encoder
  writeEncoder(encoder: Encoder): Encoder
  writeInt32(value: number): Encoder
}
type Decoder = {
  offset: number
  buffer: Buffer
  readTaggedFields(): unknown
  readInt32(): number
  readInt16(): number
  readUVarIntString(): string | null
  readUVarIntArray<T>(read: (decoder: Decoder) => T): T[] | null
}
type Broker = {
  /** Null: it has not said yet. */
  versions: Readonly<Record<number, Readonly<{ maxVersion: number }>>> | null
  connectionPool: { send<T>(question: Readonly<{ request: unknown; response: unknown }>): Promise<T> }
}
type Cluster = { brokerPool: { findConnectedBroker(): Promise<Broker> } }
type Named = Readonly<{ errorCode: number; name: string | null; id: string | null }>

const apiKey = 3
const apiVersion = 12
const idBytes = 16

const EncoderOf = kafkajsModule('protocol/encoder') as new () => Encoder
const DecoderOf = kafkajsModule('protocol/decoder') as new (bytes: Buffer) => Decoder
const { failure, createErrorFromCode } = kafkajsModule('protocol/error') as {
  failure(code: number): boolean
  createErrorFromCode(code: number): Error
}

const clusters = new WeakMap<Admin, Cluster>()

/** The client with admins whose clusters are remembered. */
export function withKnownClusters(client: typeof Kafka): typeof Kafka {
  return class extends client {
    override admin(config?: AdminConfig): Admin {
      const own = this as unknown as Record<symbol, (options: unknown) => Cluster>
      const name = Object.getOwnPropertySymbols(own).find(({ description }) => description === 'private:Kafka:createCluster')!
      const create = own[name]!
      let made: Cluster | undefined
      own[name] = (options) => {
        made = create(options)
        return made
      }
      try {
        const admin = super.admin(config)
        if (made !== undefined) clusters.set(admin, made)
        return admin
      } finally {
        own[name] = create
      }
    }
  }
}

/** The id that Kafka gave this topic when it was made; null where the broker, or this client, does not tell. */
export async function readTopicId(admin: Admin, topic: string): Promise<string | null> {
  const broker = await clusters.get(admin)?.brokerPool.findConnectedBroker()
  if (broker === undefined || (broker.versions?.[apiKey]?.maxVersion ?? 0) < apiVersion) return null
  const named = await broker.connectionPool.send<readonly Named[]>({ request: requestFor(topic), response: { decode, parse } })
  return named.find(({ name }) => name === topic)?.id ?? null
}

/** It is asked for by name. */
const noId = () => new EncoderOf().writeInt32(0).writeInt32(0).writeInt32(0).writeInt32(0)

const requestFor = (topic: string) => ({
  apiKey,
  apiVersion,
  apiName: 'Metadata',
  encode: async () =>
    new EncoderOf()
      .writeUVarInt(0) // the tags of the head
      .writeUVarInt(2) // one topic
      .writeEncoder(noId())
      .writeUVarIntString(topic)
      .writeUVarInt(0)
      .writeInt8(0) // is not to be created
      .writeInt8(0) // nor its operations told
      .writeUVarInt(0),
})

async function decode(bytes: Buffer): Promise<readonly Named[]> {
  const decoder = new DecoderOf(bytes)
  decoder.readTaggedFields()
  decoder.readInt32()
  decoder.readUVarIntArray(passBroker)
  decoder.readUVarIntString()
  decoder.readInt32()
  return decoder.readUVarIntArray(readTopic) ?? []
}

function passBroker(decoder: Decoder): void {
  decoder.readInt32()
  decoder.readUVarIntString()
  decoder.readInt32()
  decoder.readUVarIntString()
  decoder.readTaggedFields()
}

function readTopic(decoder: Decoder): Named {
  const errorCode = decoder.readInt16()
  const name = decoder.readUVarIntString()
  const bytes = decoder.buffer.subarray(decoder.offset, decoder.offset + idBytes)
  decoder.offset += idBytes
  // There is only one, and nothing is wanted of what follows.
  return { errorCode, name, id: bytes.every((byte) => byte === 0) ? null : bytes.toString('base64url') }
}

async function parse(named: readonly Named[]): Promise<readonly Named[]> {
  const refused = named.find(({ errorCode }) => failure(errorCode))
  if (refused !== undefined) throw createErrorFromCode(refused.errorCode)
  return named
}
