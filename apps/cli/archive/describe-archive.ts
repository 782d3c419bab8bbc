import type { Archive, ArchivedTopic } from '#lib/archive/archive.ts'
import type { Manifest } from '#lib/archive/manifest.ts'
import { count, minute } from '#lib/words/format.ts'
import { alignColumns } from '#lib/words/table.ts'

type TopicDescription = ArchivedTopic &
  Readonly<{
    partitions: number
    records: number
    bytes: number
    /** Milliseconds of the market's clock (of the log's, in topics that have none); null where nothing is archived. */
    from: number | null
    to: number | null
    objects: readonly Pick<Manifest, 'key' | 'partition' | 'begin' | 'end' | 'count' | 'size' | 'sha256'>[]
  }>

export type ArchiveDescription = Readonly<{ archive: string; topics: readonly TopicDescription[] }>

export async function describeArchive(archive: Archive, topics: readonly ArchivedTopic[]): Promise<ArchiveDescription> {
  const described: TopicDescription[] = []
  for (const topic of topics) described.push(describeTopic(topic, await archive.manifests(topic)))
  return { archive: archive.name, topics: described }
}

function describeTopic(topic: ArchivedTopic, manifests: readonly Manifest[]): TopicDescription {
  const bound = (choose: (a: number, b: number) => number, timeOf: (manifest: Manifest) => number): number | null =>
    manifests.length === 0 ? null : manifests.map(timeOf).reduce((a, b) => choose(a, b))
  return {
    ...topic,
    partitions: new Set(manifests.map(({ partition }) => partition)).size,
    records: manifests.reduce((sum, { count }) => sum + count, 0),
    bytes: manifests.reduce((sum, { size }) => sum + size, 0),
    from: bound(Math.min, ({ minObservedAt, minTimestamp }) => minObservedAt ?? minTimestamp),
    to: bound(Math.max, ({ maxObservedAt, maxTimestamp }) => maxObservedAt ?? maxTimestamp),
    objects: manifests.map(({ key, partition, begin, end, count, size, sha256 }) => ({ key, partition, begin, end, count, size, sha256 })),
  }
}

const kilobytes = (bytes: number): string => count(Math.ceil(bytes / 1_000))

export function formatDescription({ archive, topics }: ArchiveDescription, { objects }: { objects: boolean }): string {
  if (topics.length === 0) return `nothing is archived in ${archive}\n`
  const header = ['topic', 'generation', 'partitions', 'objects', 'records', 'kB', 'from', 'to (UTC)']
  const rows = topics.map((topic) => [
    topic.topic,
    String(topic.generation),
    String(topic.partitions),
    count(topic.objects.length),
    count(topic.records),
    kilobytes(topic.bytes),
    minute(topic.from),
    minute(topic.to),
  ])
  const table = alignColumns([header, ...rows])
  const details = topics.flatMap((topic) =>
    topic.objects.map(({ key, count: records, size }) => `  ${count(records)} records, ${kilobytes(size)} kB  ${key}`),
  )
  return `archive ${archive}\n${[...table, ...(objects ? details : [])].join('\n')}\n`
}
