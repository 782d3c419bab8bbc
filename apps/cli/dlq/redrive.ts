import { type TopicName, topicName, topics } from '#lib/market/topics.ts'
import { deadLetterHeaders } from '#lib/stream/dead-letter.ts'
import type { Log, LogAdmin } from '#lib/stream/log.ts'
import { redriveMark, redrivenRecord } from '#lib/stream/redriven.ts'
import { type Letter, readLetters } from './letters.ts'

/** `obstacle`: why this letter cannot be sent back; null where it can. */
export type Candidate = Readonly<{ letter: Letter; obstacle: string | null }>

export type RedriveOptions = Readonly<{
  log: Log
  prefix: string
  isWanted(letter: Letter): boolean
  /** This many of the oldest are sent. */
  limit: number
  dryRun: boolean
  onProgress?: (sent: number, total: number) => void
}>

const lettersPerTransaction = 200

/**
 * Sends letters back to where they came from, each once, however often this is run or killed:
 *
 *   1. fence: another redrive that is under way can no longer commit, and what it left open is settled
 *   2. only now read which letters there are and which are marked as redriven
 *   3. the records and the marks of their letters are one transaction
 */
export async function redrive({ log, prefix, isWanted, limit, dryRun, onProgress }: RedriveOptions): Promise<Candidate[]> {
  const producer = log.transactionalProducer(`${prefix}dlq-redrive`)
  const admin = log.admin()
  try {
    if (!dryRun) await producer.fence()
    const waiting = (await readLetters(log, prefix, isWanted)).filter(({ redriven }) => !redriven).slice(0, limit)
    const obstacleTo = await obstacles(admin, prefix, waiting)
    const candidates = waiting.map((letter) => ({ letter, obstacle: obstacleTo(letter) }))
    const sendable = candidates.flatMap(({ letter, obstacle }) => (obstacle === null ? [letter.record] : []))
    for (let sent = 0; sent < sendable.length && !dryRun; sent += lettersPerTransaction) {
      const some = sendable.slice(sent, sent + lettersPerTransaction)
      await producer.commitTransaction({ records: [...some.map(redrivenRecord), ...some.map(redriveMark)] })
      onProgress?.(sent + some.length, sendable.length)
    }
    return candidates
  } finally {
    await producer.close()
    await admin.close()
  }
}

/** What keeps each letter from being sent back. */
async function obstacles(admin: LogAdmin, prefix: string, letters: readonly Letter[]): Promise<(letter: Letter) => string | null> {
  const partitions = new Map<string, number>()
  for (const topic of new Set(letters.map((letter) => letter.topic)))
    if (topic in topics) partitions.set(topic, await admin.partitionCount(topicName(prefix, topic as TopicName)))
  return ({ topic, record: { headers } }) => {
    const count = partitions.get(topic)
    if (count === undefined) return `came from ${topic}, which is no topic of ours: the collector asks there again by itself`
    if (headers[deadLetterHeaders.truncated] !== undefined) return `its value of ${headers[deadLetterHeaders.size]} bytes was cut`
    const partition = Number(headers[deadLetterHeaders.partition])
    return Number.isInteger(partition) && partition < count ? null : `partition ${partition} of ${topic} does not exist (it has ${count})`
  }
}
