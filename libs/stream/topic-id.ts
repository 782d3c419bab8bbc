/**
 * Which topic a name stood for when this client first asked, by name. It is written beside each position, so that whoever reads it later
 * can tell a topic from another one of that name.
 */
export type TopicIds = Map<string, string>

/** Kafka's default offset.metadata.max.bytes. */
const maxBytes = 4_096
const written = /^\{"topic":"([\w-]{22})"([,}])/

/**
 * In front of what is remembered there as JSON, where earlier versions pass it over; what is no JSON, or leaves no room, is left alone.
 */
export function withTopicId(metadata: string, id: string | undefined): string {
  if (id === undefined || !(metadata === '' || metadata.startsWith('{"'))) return metadata
  const marked = `{"topic":"${id}"${metadata === '' ? '}' : `,${metadata.slice(1)}`}`
  return Buffer.byteLength(marked) > maxBytes ? metadata : marked
}

export function withoutTopicId(metadata: string): Readonly<{ metadata: string; topicId: string | null }> {
  const [head, topicId, next] = written.exec(metadata) ?? []
  if (head === undefined || topicId === undefined) return { metadata, topicId: null }
  return { metadata: next === '}' ? '' : `{${metadata.slice(head.length)}`, topicId }
}
