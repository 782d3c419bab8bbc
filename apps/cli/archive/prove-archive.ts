import type { Archive, ArchivedTopic } from '#lib/archive/archive.ts'
import { type ComparedTopic, compareWithLog, type LogComparison } from '#lib/archive/compare-with-log.ts'
import { type ArchiveVerdict, verifyArchive } from '#lib/archive/verify.ts'
import type { Clock } from '#lib/clock/clock.ts'
import { topics as knownTopics } from '#lib/market/topics.ts'
import type { OpenedArchive } from '#lib/running/open-archive.ts'
import { count } from '#lib/words/format.ts'

type TopicProof = ArchivedTopic & ArchiveVerdict & Readonly<{ log: Omit<LogComparison, 'problems'> | null }>

export type ArchiveProof = Readonly<{
  archive: string
  /** Whether every record was laid beside the log it came from; otherwise why not. */
  comparedWithLog: boolean
  note: string
  records: number
  objects: number
  topics: readonly TopicProof[]
  problems: readonly string[]
}>

export type ProofOptions = Readonly<{ expected: readonly string[]; allowLagMillis: number; clock: Clock }>

/**
 * First from the store alone: ranges that join, objects as their manifests say. Then, where the log is at hand, record by record against
 * it. `expected`: topics that must be archived as soon as they hold a record.
 */
export async function proveArchive(
  { archive, source, sourceMissing }: OpenedArchive,
  topics: readonly ArchivedTopic[],
  { expected, allowLagMillis, clock }: ProofOptions,
): Promise<ArchiveProof> {
  const proofs = new Map<string, TopicProof>()
  for (const topic of topics)
    proofs.set(nameOf(topic), { ...topic, ...(await verifyArchive(archive.store, archive.location(topic))), log: null })
  const problems = [...proofs.values()].flatMap((proof) => proof.problems)
  if (source !== null) {
    const newest = topics.filter((topic, index) => topics[index + 1]?.topic !== topic.topic)
    const { backend, prefix } = source
    const admin = backend.log.admin()
    const inLog = new Set(await admin.listTopics())
    await admin.close()
    const compared = [...new Set([...newest.map(({ topic }) => topic), ...expected])].filter((topic) => inLog.has(`${prefix}${topic}`))
    const comparisons = await compareWithLog(
      backend.log,
      compared.map((topic) => comparedTopic(archive, prefix, topic, newest)),
      { allowLagMillis, clock },
    )
    for (const topic of compared) {
      const comparison = comparisons.get(`${prefix}${topic}`)!
      problems.push(...comparison.problems)
      const archived = newest.find((candidate) => candidate.topic === topic)
      if (archived === undefined) continue
      const { visible, found, waiting } = comparison
      proofs.set(nameOf(archived), { ...proofs.get(nameOf(archived))!, log: { visible, found, waiting } })
    }
  }
  const proven = [...proofs.values()]
  if (proven.length === 0) problems.push(`nothing is archived in ${archive.name}`)
  return {
    archive: archive.name,
    comparedWithLog: source !== null,
    note: source === null ? `not compared with a log: ${sourceMissing}` : '',
    records: proven.reduce((sum, { records }) => sum + records, 0),
    objects: proven.reduce((sum, { objects }) => sum + objects, 0),
    topics: proven,
    problems,
  }
}

const nameOf = ({ topic, generation }: ArchivedTopic): string => `${topic} ${generation}`

function comparedTopic(archive: Archive, prefix: string, topic: string, archived: readonly ArchivedTopic[]): ComparedTopic {
  const found = archived.find((candidate) => candidate.topic === topic)
  const definition = knownTopics[topic as keyof typeof knownTopics] as { retentionDays: unknown } | undefined
  return {
    topic: `${prefix}${topic}`,
    compacted: definition?.retentionDays === 'compact',
    async *archived(partition, fromOffset) {
      if (found !== undefined) yield* archive.records(found, { partition, fromOffset })
    },
  }
}

export function formatProof({ archive, comparedWithLog, note, topics, problems }: ArchiveProof): string {
  const lines = topics.map(({ topic, generation, objects, records, log, problems: own }) => {
    const generationText = generation === 1 ? '' : `, generation ${generation}`
    const archived = `${count(records)} records in ${count(objects)} objects`
    const waiting = log !== null && log.waiting > 0 ? `, ${count(log.waiting)} of the newest wait for their object` : ''
    const beside =
      log === null
        ? ''
        : `; the log has ${count(log.visible)} visible, ${count(log.found)} of them archived, the same to the byte${waiting}`
    return `  ${own.length === 0 ? 'ok     ' : 'PROBLEM'}  ${topic}${generationText}: ${archived}${beside}`
  })
  const verdict =
    problems.length === 0
      ? [
          comparedWithLog
            ? 'Proved: every record of the log once, nothing altered.'
            : 'Proved from the store alone: ranges join, nothing missing in them, nothing altered.',
        ]
      : problems.map((problem) => `PROBLEM: ${problem}`)
  return [`archive ${archive}`, ...lines, ...(note === '' ? [] : [`  ${note}`]), ...verdict, ''].join('\n')
}
