import { type AppContext, defineApp } from '#lib/app/app.ts'
import { createPartitionArchiver, type PartitionArchiver } from '#lib/archive/partition-archiver.ts'
import { createSegmentStore } from '#lib/archive/segment-store.ts'
import { untilAvailable } from '#lib/codec/registry.ts'
import { topicName } from '#lib/market/topics.ts'
import { createRunnerMetrics } from '#lib/stream/runner-metrics.ts'
import { createSinkRunner } from '#lib/stream/sink-runner.ts'
import { archiveMetrics } from './archive-metrics.ts'
import { settings } from './config.ts'

const topic = 'market.events'
/** How long a stop waits for what is held to become durable. What does not is read again by the next start: nothing is lost. */
const drainMillis = 6_000
const idleCallMillis = 250

export const app = defineApp({
  name: 'archiver',
  summary: 'every record of market.events into the object store, create-only, as Parquet',
  settings,
  async start(context: AppContext<typeof settings>) {
    const { config, prefix, log, store, codec, clock, logger, metrics, health } = context
    const location = { prefix, topic, generation: config.ARCHIVE_GENERATION }
    const segments = createSegmentStore({ store, codec, location })
    const archivers = new Map<number, PartitionArchiver>()
    const { onObject, onGap } = archiveMetrics(metrics, logger)

    const open = (partition: number, committed: { offset: number; metadata: string } | null): PartitionArchiver => {
      const archiver = createPartitionArchiver(partition, committed, {
        store,
        segments,
        codec,
        clock,
        location,
        limits: { maxRecords: config.ARCHIVE_MAX_RECORDS, maxBytes: config.ARCHIVE_MAX_MEGABYTES * 1e6 },
        idleMillis: config.ARCHIVE_IDLE_SECONDS * 1_000,
        onObject,
        onGap,
      })
      archivers.set(partition, archiver)
      return { ...archiver, close: async () => void (archivers.get(partition) === archiver && archivers.delete(partition)) }
    }
    const runner = createSinkRunner({
      log,
      clock,
      logger,
      group: `${prefix}archiver`,
      topics: [topicName(prefix, topic)],
      open: ({ partition }, committed) => open(partition, committed),
      metrics: createRunnerMetrics(metrics),
      health,
      idleMillis: idleCallMillis,
    })

    health.expect('object store')
    const stopping = new AbortController()
    const started = (async () => {
      const onWait = (problem: string, attempt: number) => logger.warn({ problem, attempt }, 'waiting for the object store')
      await untilAvailable(() => store.probe(), { clock, onWait, signal: stopping.signal })
      health.set('object store', true)
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
        for (const archiver of archivers.values()) archiver.drain()
        await untilEmpty(archivers, context)
        await runner.stop()
      },
    }
  },
})

const heldBy = (archivers: ReadonlyMap<number, PartitionArchiver>): number =>
  [...archivers.values()].reduce((sum, archiver) => sum + archiver.held(), 0)

/** The runner goes on calling the archivers meanwhile: they write what they hold at the next call, and the runner commits it. */
async function untilEmpty(archivers: ReadonlyMap<number, PartitionArchiver>, { clock, logger }: Pick<AppContext, 'clock' | 'logger'>) {
  const deadline = clock.now() + drainMillis
  while (heldBy(archivers) > 0 && clock.now() < deadline) await clock.sleep(50)
  const held = heldBy(archivers)
  if (held > 0) logger.warn({ held }, 'stopped before everything was archived: the next start reads these records again')
}
