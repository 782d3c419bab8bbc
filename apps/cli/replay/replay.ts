import { exitCodes } from '#lib/app/exit-codes.ts'
import { systemClock as clock } from '#lib/clock/clock.ts'
import { FatalError } from '#lib/errors/errors.ts'
import { type TopicName, topics as topicDefinitions, topicSettings } from '#lib/market/topics.ts'
import { count } from '#lib/words/format.ts'
import { startPipeline } from './pipeline.ts'
import { formatBar } from './progress-bar.ts'
import type { ReplayContext } from './replay-context.ts'
import { archiveSource, type ReplaySource, topicSource } from './replay-source.ts'
import { replayTopic } from './replay-topic.ts'

const defaultPartitions = 3

type Counts = { total: number; before: number; done: number }

/** `flipstream replay`. Exit code 1 where it was interrupted before the end. */
export async function replay(context: ReplayContext): Promise<number> {
  const { options, backend, prefix, progress, signal } = context
  await requireRecorded(context)
  const admin = backend.log.admin()
  const partitions = options.partitions ?? (await recordedPartitions(context))
  await admin.createTopics(topicSettings(prefix, { partitions }))
  await admin.close()
  const pipeline = options.pipeline ? await startPipeline(context) : null
  try {
    const counts: Counts = { total: 0, before: 0, done: 0 }
    const begun = clock.monotonic()
    for (const topic of options.topics) await replayOne(context, topic, counts)
    const seconds = (clock.monotonic() - begun) / 1_000
    const result = { prefix, records: counts.done, alreadyThere: counts.before, total: counts.total, seconds, complete: !signal.aborted }
    progress.end()
    if (pipeline !== null && result.complete) await pipeline.settle()
    process.stdout.write(options.json ? `${JSON.stringify(result)}\n` : formatResult(result))
    return result.complete ? exitCodes.done : exitCodes.failed
  } finally {
    await pipeline?.stop()
  }
}

async function replayOne(context: ReplayContext, topic: string, counts: Counts): Promise<void> {
  const { options, backend, prefix, progress, signal, recording } = context
  const source = await openSource(context, topic)
  const begun = clock.monotonic()
  const show = () => progress.status(formatBar(counts, (clock.monotonic() - begun) / 1_000))
  try {
    await replayTopic({
      log: backend.log,
      clock,
      source,
      sourceName: `${recording.archive.name}/${topic}`,
      topic: `${prefix}${topic}`,
      group: `${prefix}replayer`,
      speed: options.speed,
      signal,
      onBegin({ total, done }) {
        counts.total += total
        counts.before += done
        show()
      },
      onRecords(count) {
        counts.done += count
        show()
      },
      onWait: (problem) => progress.say(`waiting: ${problem}`),
    })
  } finally {
    await source.close()
  }
}

/** Before a topic is made for the replay. */
async function requireRecorded({ options, recording: { archive, source, sourceMissing } }: ReplayContext): Promise<void> {
  if (!options.fromTopic) {
    for (const topic of options.topics) await archive.newest(topic)
    return
  }
  if (source === null) throw new FatalError(`--from-topic: ${sourceMissing}`)
  const admin = source.backend.log.admin()
  const existing = new Set(await admin.listTopics())
  await admin.close()
  const missing = options.topics.filter((topic) => !existing.has(`${source.prefix}${topic}`))
  if (missing.length > 0)
    throw new FatalError(`--from-topic: the log has no topic ${missing.map((topic) => `${source.prefix}${topic}`).join(', ')}`)
}

async function openSource({ options, recording }: ReplayContext, topic: string): Promise<ReplaySource> {
  const { archive, source } = recording
  if (options.fromTopic && source !== null) return topicSource(source.backend.log, `${source.prefix}${topic}`)
  return archiveSource(archive, await archive.newest(topic))
}

/**
 * Topics that are spread by key get the recorded count of partitions: with it, every record comes to the partition it was recorded in, and the order inside
 * a partition can be compared. The recorded log says it; without it, what is archived does.
 */
async function recordedPartitions({ recording: { archive, source } }: ReplayContext): Promise<number> {
  const spread = Object.entries(topicDefinitions)
    .filter(([, { partitions }]) => partitions === 'many')
    .map(([name]) => name as TopicName)
  if (source !== null) {
    const admin = source.backend.log.admin()
    const existing = new Set(await admin.listTopics())
    const found = spread.find((topic) => existing.has(`${source.prefix}${topic}`))
    const count = found === undefined ? null : await admin.partitionCount(`${source.prefix}${found}`)
    await admin.close()
    if (count !== null) return count
  }
  let most = defaultPartitions
  for (const topic of await archive.topics())
    if (spread.includes(topic.topic as TopicName))
      most = Math.max(most, ...(await archive.manifests(topic)).map(({ partition }) => partition + 1))
  return most
}

type Result = Readonly<{ prefix: string; records: number; alreadyThere: number; total: number; seconds: number; complete: boolean }>

function formatResult({ prefix, records, alreadyThere, total, seconds, complete }: Result): string {
  const before = alreadyThere === 0 ? '' : `, after ${count(alreadyThere)} that were there already`
  const rate = seconds > 0 ? `, ${count(Math.round(records / seconds))} a second` : ''
  const done = `${count(records)} of ${count(total)} records replayed into ${prefix}*${before}: ${seconds.toFixed(1)} s${rate}\n`
  return complete ? done : `${done}interrupted: the same command goes on from here\n`
}
