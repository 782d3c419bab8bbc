import type { TopicDescription, TopicSettings } from '#lib/stream/log.ts'

/** How one topic differs from what is declared, a sentence a difference. */
export type TopicDifference = Readonly<{ topic: string; difference: string }>

/** Where the topics found are not those declared. What is not declared (copies, where the brokers decide) may be anything. */
export function topicDifferences(declared: readonly TopicSettings[], found: readonly TopicDescription[]): TopicDifference[] {
  return declared.flatMap((settings) => {
    const description = found.find(({ topic }) => topic === settings.topic)
    const differences = description === undefined ? ['is not there'] : differencesOf(settings, description)
    return differences.map((difference) => ({ topic: settings.topic, difference }))
  })
}

function differencesOf({ partitions, replicas, config = {} }: TopicSettings, found: TopicDescription): string[] {
  const differs = (what: string, is: string | number | undefined, expected: string | number) =>
    is === expected ? [] : [`${what}: expected ${expected}, found ${is ?? 'nothing'}`]
  return [
    ...differs('partitions', found.partitions, partitions),
    ...(replicas == null ? [] : differs('copies of a partition', found.replicas, replicas)),
    ...Object.entries(config).flatMap(([name, value]) => differs(name, found.config[name], value)),
  ]
}
