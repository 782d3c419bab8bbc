import { type Codec, createCodec } from '#lib/codec/codec.ts'
import type { SchemaRegistry } from '#lib/codec/registry.ts'
import { FatalError, RejectedError } from '#lib/errors/errors.ts'
import type { ObjectStore } from '#lib/objectstore/object-store.ts'
import type { LogRecord } from '#lib/stream/log.ts'
import { type ArchiveLocation, archivedTopicOf, archiveRoot, archivesPrefix, schemaKey } from './layout.ts'
import type { Manifest } from './manifest.ts'
import { readArchive, readManifests } from './read.ts'

/** A topic as it is archived: one generation of it. */
export type ArchivedTopic = Readonly<{ topic: string; generation: number }>

/** What a run, or the live deployment, has archived: read without log and registry. */
export interface Archive {
  /** As people named it. */
  readonly name: string
  readonly store: ObjectStore
  location(topic: ArchivedTopic): ArchiveLocation
  /** By name and generation. */
  topics(): Promise<ArchivedTopic[]>
  /** The newest generation of a topic. FatalError, with what there is, where it is not archived. */
  newest(topic: string): Promise<ArchivedTopic>
  manifests(topic: ArchivedTopic): Promise<Manifest[]>
  /**
   * The records in log order, partition after partition, with their bytes as they were in the log; `topic` is the name without a run's
   * prefix. One object in memory at a time. FatalError, with the key, at the first object that is missing or not what its manifest says.
   */
  records(topic: ArchivedTopic, options?: Readonly<{ partition?: number; fromOffset?: number }>): AsyncGenerator<LogRecord>
  /** Decodes by the writer schemas that lie beside the data. */
  codec(topic: ArchivedTopic): Codec
}

export function createArchive({ name, store, prefix }: { name: string; store: ObjectStore; prefix: string }): Archive {
  const location = ({ topic, generation }: ArchivedTopic): ArchiveLocation => ({ prefix, topic, generation })

  const topics = async (): Promise<ArchivedTopic[]> => {
    const found = new Map<string, ArchivedTopic>()
    for await (const { key } of store.list(archivesPrefix(prefix))) {
      const topic = archivedTopicOf(prefix, key)
      if (topic !== null) found.set(`${topic.topic} ${topic.generation}`, topic)
    }
    return [...found.values()].sort((a, b) => (a.topic < b.topic ? -1 : a.topic > b.topic ? 1 : a.generation - b.generation))
  }

  return {
    name,
    store,
    location,
    topics,
    async newest(topic) {
      const all = await topics()
      const found = all.findLast((candidate) => candidate.topic === topic)
      if (found !== undefined) return found
      const names = [...new Set(all.map((candidate) => candidate.topic))].join(', ')
      throw new FatalError(`archive ${name} holds nothing of ${topic}; it holds ${names === '' ? 'nothing at all' : names}`)
    },
    manifests: (topic) => readManifests(store, location(topic)),
    records: (topic, options) => readArchive(store, location(topic), options),
    codec: (topic) => createCodec({ registry: storedSchemas(store, archiveRoot(location(topic))) }),
  }
}

/** The part of a registry that reading needs, from the objects beside the data. */
function storedSchemas(store: ObjectStore, root: string): SchemaRegistry {
  const readOnly = async (): Promise<never> => {
    throw new FatalError('an archive takes no new schemas')
  }
  return {
    register: readOnly,
    async schemaById(id) {
      const bytes = await store.get(schemaKey(root, id))
      if (bytes === null) throw new RejectedError('unknown_schema_id', `no schema ${id} is stored beside the data (${schemaKey(root, id)})`)
      return bytes.toString()
    },
  }
}
