import type { Clock } from '#lib/clock/clock.ts'
import type { Log, LogRecord } from '#lib/stream/log.ts'
import { formatRaw } from '#lib/stream/raw-headers.ts'
import { headersText } from './archive-row.ts'

/** One topic to compare: where it is in the log, and how to read what is archived of it. */
export type ComparedTopic = Readonly<{
  /** In the log, with the run's prefix. */
  topic: string
  /** Compaction takes records out of the log that the archive keeps. */
  compacted: boolean
  archived(partition: number, fromOffset: number): AsyncIterable<LogRecord>
}>

export type LogComparison = Readonly<{
  /** Visible records of the log, and of them those found in the archive. */
  visible: number
  found: number
  /** Newest records that wait for their object, as young as was allowed. */
  waiting: number
  problems: readonly string[]
}>

/**
 * Reads every visible record of these topics once and lays the archive beside it: each record must be in the archive, the same to the
 * byte, and the archive must hold nothing that the log does not (or no longer) have. By topic. One object a partition in memory.
 */
export async function compareWithLog(
  log: Log,
  topics: readonly ComparedTopic[],
  { allowLagMillis, clock }: { allowLagMillis: number; clock: Clock },
): Promise<ReadonlyMap<string, LogComparison>> {
  const youngest = clock.now() - allowLagMillis
  const admin = log.admin()
  const partitions = new Map<string, PartitionComparison>()
  for (const compared of topics)
    for (const { partition, first, next } of await admin.offsets(compared.topic))
      partitions.set(keyOf(compared.topic, partition), createPartitionComparison(compared, partition, { first, next, youngest }))
  const follower = await log.follow(
    topics.map(({ topic }) => topic),
    async (records) => {
      for (const record of records) await partitions.get(keyOf(record.topic, record.partition))?.take(record)
    },
  )
  try {
    // Reading that fails never catches up: its error is the one to report.
    await Promise.race([follower.caughtUp, follower.finished])
  } finally {
    await follower.stop()
  }
  // Once more: a live archiver has gone on meanwhile.
  for (const { topic } of topics)
    for (const { partition, next } of await admin.offsets(topic)) await partitions.get(keyOf(topic, partition))?.end(next)
  await admin.close()
  return new Map(
    topics.map(({ topic }) => [
      topic,
      sum([...partitions.values()].filter((partition) => partition.topic === topic).map(({ result }) => result())),
    ]),
  )
}

const keyOf = (topic: string, partition: number) => `${topic} ${partition}`

const sum = (parts: readonly LogComparison[]): LogComparison => ({
  visible: parts.reduce((total, { visible }) => total + visible, 0),
  found: parts.reduce((total, { found }) => total + found, 0),
  waiting: parts.reduce((total, { waiting }) => total + waiting, 0),
  problems: parts.flatMap(({ problems }) => problems),
})

type PartitionComparison = Readonly<{
  topic: string
  take(record: LogRecord): Promise<void>
  /** The log has been read to where it ended at first; now it ends at `next`. */
  end(next: number): Promise<void>
  result(): LogComparison
}>

function createPartitionComparison(
  { topic, compacted, archived }: ComparedTopic,
  partition: number,
  { first, next, youngest }: { first: number; next: number; youngest: number },
): PartitionComparison {
  const rest = archived(partition, first)[Symbol.asyncIterator]()
  const problems = createRangeList(`partition ${partition} of ${topic}`)
  let candidate: LogRecord | null | undefined
  let counts = { visible: 0, found: 0, waiting: 0 }
  let last = -1

  const archivedNow = async (): Promise<LogRecord | null> => {
    if (candidate === undefined) {
      const step = await rest.next()
      candidate = step.done ? null : step.value
    }
    return candidate
  }
  const notInLog = ({ offset }: LogRecord): void => {
    if (!compacted) problems.add('are archived, and no visible records of the log', offset)
  }

  return {
    topic,
    async take(record) {
      // After a lost connection a follower may begin again a little earlier.
      if (record.offset <= last || record.offset >= next) return
      last = record.offset
      counts = { ...counts, visible: counts.visible + 1 }
      let found = await archivedNow()
      while (found !== null && found.offset < record.offset) {
        notInLog(found)
        candidate = undefined
        found = await archivedNow()
      }
      if (found?.offset === record.offset) {
        candidate = undefined
        if (isSame(found, record)) counts = { ...counts, found: counts.found + 1 }
        else problems.add('are archived with other contents than the log has', record.offset)
      } else if (found === null && record.timestamp >= youngest) counts = { ...counts, waiting: counts.waiting + 1 }
      else problems.add('of the log are not archived', record.offset)
    },
    async end(nextNow) {
      for (let found = await archivedNow(); found !== null; found = await archivedNow()) {
        if (found.offset >= nextNow) problems.add('are archived, and lie beyond the end of the log (was it rebuilt?)', found.offset)
        else if (found.offset < next) notInLog(found)
        candidate = undefined
      }
    },
    result: () => ({ ...counts, problems: problems.lines() }),
  }
}

const isSame = (archived: LogRecord, logged: LogRecord): boolean =>
  archived.timestamp === logged.timestamp &&
  archived.key === logged.key &&
  (archived.value === null || logged.value === null ? archived.value === logged.value : archived.value.equals(logged.value)) &&
  headersText(archived.headers) === headersText(logged.headers) &&
  // An object of before raw bytes were kept has only the text.
  (archived.raw === undefined || formatRaw(archived) === formatRaw(logged))

/** Offsets with the same trouble, told as ranges: a thousand in a row are one line. */
function createRangeList(where: string) {
  const ranges: { what: string; from: number; to: number; count: number }[] = []
  return {
    add(what: string, offset: number): void {
      const newest = ranges.at(-1)
      if (newest?.what === what) {
        newest.to = offset
        newest.count++
      } else ranges.push({ what, from: offset, to: offset, count: 1 })
    },
    lines: (): string[] => ranges.map(({ what, from, to, count }) => `${where}: ${count} records, offsets ${from} to ${to}, ${what}`),
  }
}
