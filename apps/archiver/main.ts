import { type AppContext, defineApp } from '#lib/app/app.ts'
import { settings } from '#lib/archive/config.ts'
import type { ArchiveLocation } from '#lib/archive/layout.ts'
import { createPartitionArchiver, type PartitionArchiver } from '#lib/archive/partition-archiver.ts'
import { createSegmentStore } from '#lib/archive/segment-store.ts'
import { RetryableError } from '#lib/errors/errors.ts'
import { untilAvailable } from '#lib/errors/until-available.ts'
import type { CommittedOffset, TopicPartition } from '#lib/stream/log.ts'
import { createRunnerMetrics } from '#lib/stream/runtime/runner-metrics.ts'
import { createSinkRunner, type SinkRunner } from '#lib/stream/sink/sink-runner.ts'
import { archiveMetrics } from './archive-metrics.ts'

/** How long a stop waits for what is held to become durable. What does not is read again by the next start: nothing is lost. */
const drainMillis = 6_000
const idleCallMillis = 250
/**
 * An eighth of what is usual: the client decodes a whole fetch into objects at once, and up to three wait. Those that wait for long are
 * what the collector copies and keeps: fetches of twice the size cost 25 MB.
 */
const fetchBytes = 131_072

export const app = defineApp({
  name: 'archiver',
  summary: 'every record of the archived topics into the object store, create-only, as Parquet',
  settings,
  async start(context: AppContext<typeof settings>) {
    const { clock, logger, health } = context
    const archivers = createArchivers(context)
    const runner = createArchiveRunner(context, archivers.open)
    health.expect('object store')
    health.expect('topics')
    const stopping = new AbortController()
    const started = (async () => {
      const until = (what: string, work: () => Promise<void>) => {
        const onWait = (problem: string, attempt: number) => {
          health.set(what, false, problem)
          logger.warn({ problem, attempt }, `waiting for the ${what}`)
        }
        return untilAvailable(work, { clock, onWait, signal: stopping.signal }).then(() => health.set(what, true))
      }
      await until('object store', () => context.store.probe())
      await until('topics', () => requireTopics(context))
      await runner.start()
      return true
    })().catch((error) => {
      if (!stopping.signal.aborted) throw error
      return false
    })
    return {
      finished: started.then((hasStarted) => (hasStarted ? runner.finished : undefined)),
      async stop() {
        stopping.abort(new Error('stopped'))
        await started.catch(() => {})
        await archivers.drain()
        await runner.stop()
      },
    }
  },
})

const createArchiveRunner = (
  { config, prefix, log, clock, logger, metrics, health }: AppContext<typeof settings>,
  open: (partition: TopicPartition, committed: CommittedOffset | null) => PartitionArchiver,
): SinkRunner =>
  createSinkRunner({
    log,
    clock,
    logger,
    group: `${prefix}archiver`,
    topics: config.ARCHIVE_TOPICS.map((topic) => `${prefix}${topic}`),
    open,
    metrics: createRunnerMetrics(metrics),
    health,
    idleMillis: idleCallMillis,
    maxBytesPerPartition: fetchBytes,
  })

/** A topic that does not exist would silently never be archived. */
async function requireTopics({ log, prefix, config }: AppContext<typeof settings>): Promise<void> {
  const admin = log.admin()
  try {
    const existing = new Set(await admin.listTopics())
    const missing = config.ARCHIVE_TOPICS.filter((topic) => !existing.has(`${prefix}${topic}`))
    if (missing.length > 0)
      throw new RetryableError(`ARCHIVE_TOPICS names ${missing.join(', ')}, which the log does not have (with prefix "${prefix}")`)
  } finally {
    await admin.close()
  }
}

/** The archivers of all partitions assigned now, which share one budget of memory. */
function createArchivers(context: AppContext<typeof settings>) {
  const { config, prefix, store, codec, clock, logger, metrics } = context
  const archivers = new Map<string, PartitionArchiver>()
  const { onObject, onGap } = archiveMetrics(metrics, logger)
  const maxBytesInMemory = config.ARCHIVE_MEMORY_MEGABYTES * 1e6
  const inMemory = () => [...archivers.values()].map((archiver) => archiver.inMemory())
  const total = (unit: 'records' | 'bytes') => inMemory().reduce((sum, one) => sum + one[unit], 0)
  const isLargest = ({ inMemory: own }: PartitionArchiver) => inMemory().every(({ bytes }) => bytes <= own().bytes)

  const open = ({ topic: realTopic, partition }: TopicPartition, committed: CommittedOffset | null): PartitionArchiver => {
    const topic = realTopic.slice(prefix.length)
    const location: ArchiveLocation = { prefix, topic, generation: config.ARCHIVE_GENERATION }
    const archiver: PartitionArchiver = createPartitionArchiver(partition, committed, {
      store,
      segments: createSegmentStore({ store, codec, location }),
      codec,
      clock,
      location,
      limits: { maxRecords: config.ARCHIVE_MAX_RECORDS, maxBytes: config.ARCHIVE_MAX_MEGABYTES * 1e6 },
      idleMillis: config.ARCHIVE_IDLE_SECONDS * 1_000,
      rotationMillis: config.ARCHIVE_ROTATION_SECONDS * 1_000,
      mustEnd: () => total('bytes') > maxBytesInMemory && isLargest(archiver),
      onObject,
      onGap: (gap) => onGap({ topic, ...gap }),
    })
    const name = `${topic}-${partition}`
    archivers.set(name, archiver)
    return { ...archiver, close: async () => void (archivers.get(name) === archiver && archivers.delete(name)) }
  }

  return {
    open,
    /** The runner goes on calling the archivers meanwhile: they write what they hold at the next call, and the runner commits it. */
    async drain(): Promise<void> {
      for (const archiver of archivers.values()) archiver.drain()
      const deadline = clock.monotonic() + drainMillis
      while (total('records') > 0 && clock.monotonic() < deadline) await clock.sleep(50)
      const records = total('records')
      if (records > 0) logger.warn({ records }, 'stopped before everything was archived: the next start reads these records again')
    },
  }
}
