import { Kafka } from 'kafkajs'
import { systemClock } from '#lib/clock/clock.ts'
import { RejectedError, RetryableError } from '#lib/errors/errors.ts'
import { deadLetterHeaders } from '#lib/stream/dead-letter.ts'
import { createKafkajsLog } from '#lib/stream/kafkajs/kafkajs-log.ts'
import type { Log, LogAdmin } from '#lib/stream/log.ts'
import { createRunner, type Runner } from '#lib/stream/runtime/runner.ts'
import { checkHistory, countLostAndTwice, type InputRecord, type Violation } from '#lib/stream/testing/history.ts'
import { createLogger } from '#lib/telemetry/logger.ts'
import { type ReadRecord, readTopics } from '../read-topics.ts'
import type { KafkaCluster } from './kafka-cluster.ts'
import { type LoggedRecord, readLogFiles } from './read-log-files.ts'

/**
 * One stage on a cluster while something happens to the cluster: records go in, and each must come out once. Two members share the work;
 * one record in a few is refused, since dead letters belong to the same transaction.
 */
export type RunnerCase = Readonly<{
  cluster: KafkaCluster
  prefix: string
  /** How many records are sent, at a steady rate. */
  count: number
  perSecond?: number
  /** What happens while they flow. Begins with the first record; the records end when it has, or later. */
  disturb?(stage: Readonly<{ topics: readonly string[]; group: string; flowing: AbortSignal }>): Promise<void>
  /** kafkajs as it is, to show that the case sees its faults. */
  unpatched?: boolean
}>

export type RunnerCaseResult = Readonly<{
  sent: number
  out: number
  lost: number
  twice: number
  violations: readonly Violation[]
  seconds: number
}>

const refusedEach = 97
const patienceMillis = 120_000
const replicatedMillis = 60_000
const inputPartitions = 4
const outputPartitions = 6

export async function runCase({
  cluster,
  prefix,
  count,
  perSecond = 150,
  disturb,
  unpatched = false,
}: RunnerCase): Promise<RunnerCaseResult> {
  const begun = performance.now()
  const brokers = cluster.addresses
  const topics = { input: `${prefix}in`, output: `${prefix}out`, deadLetters: `${prefix}dead-letters` }
  const logger = createLogger('case', process.env['LOG_LEVEL'] ?? 'silent')
  const open = (clientId: string) => createKafkajsLog({ brokers, clientId, logger, ...(unpatched && { client: Kafka }) })
  const logs = [open('member-1'), open('member-2')]
  const test = createKafkajsLog({ brokers, clientId: 'test', logger })
  const admin = test.admin()
  await admin.createTopics([
    { topic: topics.input, partitions: inputPartitions },
    { topic: topics.output, partitions: outputPartitions },
    { topic: topics.deadLetters, partitions: 2 },
  ])
  const group = `${prefix}copy`
  const runners = logs.map((log) => copyRunner(log, group, topics))
  await Promise.all(runners.map((runner) => runner.start()))

  const flowing = new AbortController()
  const disturbing = disturb?.({ topics: Object.values(topics), group, flowing: flowing.signal }) ?? Promise.resolve()
  await feed(test, topics.input, count, perSecond)
  flowing.abort()
  await disturbing
  // Unpatched, what was lost never comes.
  await untilDone(test, topics.input, group, unpatched ? patienceMillis / 4 : patienceMillis)
  const ended = await Promise.allSettled(runners.map((runner) => runner.stop().then(() => runner.finished)))

  const records = await readTopics(brokers, Object.values(topics))
  const inputs = records.filter(({ topic }) => topic === topics.input)
  const outputs = records.filter(({ topic }) => topic !== topics.input).map((record) => ({ ...record, input: inputOf(record) }))
  const committed = await committedOffsets(admin, group, topics.input)
  const violations = checkHistory({ inputs, outputs, committed })
  const difference = await lastingDifference(outputs, () => readLogFiles(cluster.broker(1).directory, [topics.output, topics.deadLetters]))
  for (const log of [...logs, test]) await log.close()
  const failure = ended.find((outcome) => outcome.status === 'rejected')
  if (failure !== undefined) throw failure.reason
  if (difference !== null) throw new Error(`kafkajs and Kafka's own tool disagree about what is there: ${difference}`)
  return {
    sent: inputs.length,
    out: outputs.length,
    ...countLostAndTwice(violations),
    violations,
    seconds: Math.round((performance.now() - begun) / 1_000),
  }
}

function copyRunner(log: Log, group: string, topics: { input: string; output: string; deadLetters: string }): Runner {
  const runner = createRunner<string, string, null>({
    name: 'copy',
    log,
    clock: systemClock,
    logger: createLogger('copy', process.env['LOG_LEVEL'] ?? 'silent'),
    group,
    guarantee: 'exactly_once',
    deadLetters: topics.deadLetters,
    input: {
      topic: topics.input,
      decode(bytes, { partition, offset }) {
        if (Number(String(bytes)) % refusedEach === 0) throw new RejectedError('bad_price', `${partition}:${offset}`)
        return `${partition}:${offset}`
      },
    },
    processor: {
      initial: () => null,
      process: (batch) =>
        batch.map(({ value, record }) => ({ type: 'emit', outputs: [{ topic: topics.output, key: record.key!, value }] })),
    },
    encode: ({ value }) => Buffer.from(value),
  })
  runner.finished.catch(() => {})
  return runner
}

async function feed(log: Log, topic: string, count: number, perSecond: number): Promise<void> {
  const producer = log.producer()
  const begun = systemClock.monotonic()
  for (let sent = 0; sent < count; await systemClock.sleep(20)) {
    const due = Math.min(count, Math.floor(((systemClock.monotonic() - begun) * perSecond) / 1_000), sent + 100)
    if (due === sent) continue
    const some = Array.from({ length: due - sent }, (_, index) => String(sent + index))
    try {
      await producer.send(some.map((value) => ({ topic, key: `axie:${value}`, value: Buffer.from(value) })))
      sent = due
    } catch {
      // It may be there or not; whatever is there counts as input.
    }
  }
  await producer.close()
}

/** The group stands behind the last record of each partition: then nothing more is to come. */
async function untilDone(log: Log, topic: string, group: string, patience: number): Promise<void> {
  const admin = log.admin()
  for (const deadline = systemClock.monotonic() + patience; systemClock.monotonic() < deadline; await systemClock.sleep(200)) {
    try {
      const ends = await admin.offsets(topic)
      const positions = await Promise.all(ends.map(({ partition }) => admin.committed(group, { topic, partition })))
      if (ends.every(({ next }, index) => (positions[index]?.offset ?? 0) >= next)) break
    } catch {
      // The cluster is still busy with what was done to it.
    }
  }
  await admin.close()
}

/** An output says it in its value, a dead letter in its headers. */
function inputOf({ value, headers }: ReadRecord): InputRecord {
  if (deadLetterHeaders.offset in headers)
    return { partition: Number(headers[deadLetterHeaders.partition]), offset: Number(headers[deadLetterHeaders.offset]) }
  const [partition, offset] = String(value).split(':').map(Number)
  return { partition: partition!, offset: offset! }
}

const placeOf = ({ topic, partition, offset }: Pick<ReadRecord, 'topic' | 'partition' | 'offset'>) => `${topic}-${partition}@${offset}`

/** The first record that only one of two readers sees; null where they see the same. */
/** The group's coordinator may move still: it is asked again. */
async function committedOffsets(admin: LogAdmin, group: string, topic: string): Promise<Map<number, number>> {
  for (const deadline = systemClock.monotonic() + replicatedMillis; ; await systemClock.sleep(500)) {
    try {
      const committed = new Map<number, number>()
      for (let partition = 0; partition < inputPartitions; partition++) {
        const position = await admin.committed(group, { topic, partition })
        if (position !== null) committed.set(partition, position.offset)
      }
      return committed
    } catch (error) {
      if (!(error instanceof RetryableError) || systemClock.monotonic() > deadline) throw error
    }
  }
}

/** A broker that was killed has its replicas whole again some seconds after it serves: until then its files hold less. */
async function lastingDifference(ours: readonly ReadRecord[], readFiles: () => Promise<LoggedRecord[]>): Promise<string | null> {
  for (const deadline = systemClock.monotonic() + replicatedMillis; ; await systemClock.sleep(1_000)) {
    const difference = differenceOf(ours, await readFiles())
    if (difference === null || systemClock.monotonic() > deadline) return difference
  }
}

function differenceOf(
  ours: readonly Pick<ReadRecord, 'topic' | 'partition' | 'offset' | 'value'>[],
  theirs: readonly LoggedRecord[],
): string | null {
  const values = new Map(theirs.map((record) => [placeOf(record), record.value]))
  for (const record of ours) {
    if (values.get(placeOf(record)) !== String(record.value))
      return `${placeOf(record)} is ${record.value}, in the files ${values.get(placeOf(record))}`
    values.delete(placeOf(record))
  }
  const [missed] = values.keys()
  return missed === undefined ? null : `${missed} is in the files alone`
}
