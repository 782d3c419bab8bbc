import type { Clock } from '#lib/clock/clock.ts'
import { FencedError, RetryableError } from '#lib/errors/errors.ts'
import { backoffMillis } from '#lib/stream/backoff.ts'
import type { CommittedOffset, FetchedBatch, Log, TopicPartition } from '#lib/stream/log.ts'
import { isMeantFor } from '#lib/stream/redriven.ts'
import { createLagWatch, type LagWatch } from '#lib/stream/runtime/lag-watch.ts'
import { createOffsetHistory, type OffsetHistory } from '#lib/stream/runtime/offset-history.ts'
import { noRunnerMetrics, type RunnerMetrics, tellMissing } from '#lib/stream/runtime/runner-metrics.ts'
import type { Health } from '#lib/telemetry/health.ts'
import type { Logger } from '#lib/telemetry/logger.ts'

/** What an app with effects outside the log (archiver, notifier) does with one partition, for as long as it is assigned. */
export interface PartitionSink {
  /**
   * Takes a batch. Returns the position up to which everything is durable by now (it is committed then), or null while nothing new is.
   * Called one batch after the other. RetryableError: the same batch again after a back-off. While it works, further batches of this
   * partition are held back (the partition is paused beyond a few), others go on.
   */
  write(
    batch: Pick<FetchedBatch, 'topic' | 'partition' | 'records' | 'nextOffset' | 'remaining' | 'isCurrent'> &
      Partial<Pick<FetchedBatch, 'missing'>>,
  ): Promise<CommittedOffset | null>
  /** When no batch came for a while: a chance to finish what time alone finishes. */
  idle?(): Promise<CommittedOffset | null>
  /** The partition is no longer ours, or the app stops. What is not committed will be delivered again, perhaps elsewhere. */
  close?(): Promise<void>
}

export type SinkRunnerOptions = Readonly<{
  log: Log
  clock: Clock
  logger: Logger
  group: string
  topics: readonly string[]
  /** The app's name: records redriven for another one are passed over. Without it all are written, as an archive must. */
  name?: string
  /** Called when a partition is assigned, with the position it goes on from (null: from the beginning). */
  open(partition: TopicPartition, committed: CommittedOffset | null): PartitionSink | Promise<PartitionSink>
  metrics?: RunnerMetrics
  health?: Health
  from?: 'earliest' | 'latest'
  /** How often `idle` is called on a quiet partition. Default 1,000 ms. */
  idleMillis?: number
  /** The most bytes per partition and fetch. */
  maxBytesPerPartition?: number
}>

export interface SinkRunner {
  start(): Promise<void>
  readonly finished: Promise<void>
  stop(): Promise<void>
}

/** A partition as assigned now. `queue`: handed over and not written yet; the first is in the sink's hands while `working`. */
type Share = {
  readonly partition: TopicPartition
  readonly opening: Promise<PartitionSink>
  readonly startsAt: Promise<number | null>
  readonly queue: FetchedBatch[]
  /** When what was taken went beyond an offset; `committed` is how far it is durable. */
  readonly taken: OffsetHistory
  committed: number
  working: Promise<void> | null
  /** Resolves when the next batch is done. */
  turned: PromiseWithResolvers<void>
  paused: boolean
  closed: boolean
}

/** Beyond this many batches waiting, the partition is paused. */
const mostQueued = 2
/** How long a batch waits for room before its partition is paused. Well below any session timeout. */
const patienceMillis = 1_000
const defaultIdleMillis = 1_000

const keyOf = ({ topic, partition }: TopicPartition) => `${topic}-${partition}`

/**
 * At least once: the position is committed only after the side effect. Taking batches and writing them are apart: while a slow sink
 * writes, the member goes on being one, and other partitions flow.
 */
export function createSinkRunner(options: SinkRunnerOptions): SinkRunner {
  const {
    log,
    clock,
    logger,
    group,
    topics,
    name,
    metrics = noRunnerMetrics,
    health,
    idleMillis = defaultIdleMillis,
    from = 'earliest',
    maxBytesPerPartition,
  } = options
  const admin = log.admin()
  const consumer = log.consumer({ group, topics, from, ...(maxBytesPerPartition !== undefined && { maxBytesPerPartition }) })
  const failed = Promise.withResolvers<never>()
  const finished = Promise.race([consumer.finished, failed.promise])
  finished.catch(() => {})
  const stopping = new AbortController()
  const begun = new WeakSet<Share>()
  const shares = new Map<string, Share>()
  const conditions = { assigned: `assigned ${topics.join(', ')}`, progress: `progress ${topics.join(', ')}` }
  health?.expect(conditions.assigned)
  let endIdleCheck = () => {}
  let lagWatch: LagWatch | null = null
  let stopped: Promise<void> | null = null

  function onAssignment(assigned: readonly TopicPartition[], epoch: number): void {
    for (const share of shares.values()) void close(share)
    shares.clear()
    for (const partition of assigned) shares.set(keyOf(partition), createShare(partition))
    lagWatch?.assigned(assigned)
    logger.info({ group, partitions: assigned.map(keyOf), epoch }, 'assigned')
    health?.set(conditions.assigned, true, `${assigned.length} partitions`)
  }

  function createShare(partition: TopicPartition): Share {
    const committed = persevere(() => admin.committed(group, partition))
    const opening = committed.then((position) => persevere(async () => options.open(partition, position)))
    const startsAt = committed.then((position) => position?.offset ?? null)
    // Whoever waits for it meets the error; one that nobody waits for yet must not end the process.
    opening.catch(failed.reject)
    startsAt.catch(() => {})
    return {
      partition,
      opening,
      startsAt,
      queue: [],
      taken: createOffsetHistory(),
      committed: 0,
      working: null,
      turned: Promise.withResolvers(),
      paused: false,
      closed: false,
    }
  }

  async function close(share: Share): Promise<void> {
    share.closed = true
    await share.working
    const sink = await share.opening.catch(() => null)
    await sink?.close?.().catch((error: Error) => logger.warn({ ...share.partition, problem: error.message }, 'closing a sink'))
  }

  async function take(batch: FetchedBatch): Promise<void> {
    const share = shares.get(keyOf(batch))
    if (share === undefined) throw new FencedError(`a batch of ${keyOf(batch)}, which is not assigned to this member`)
    const startsAt = await share.startsAt
    if (!batch.isCurrent()) return
    // Where the group stands was read twice, by us and by the client: what the sink was opened with counts.
    if (!begun.has(share) && startsAt !== null && batch.position !== startsAt) return consumer.seek(batch, startsAt)
    begun.add(share)
    share.queue.push(batch)
    const newest = batch.records.at(-1)
    if (newest !== undefined) share.taken.passed(newest.offset + 1, clock.monotonic())
    share.working ??= work(share)
    await roomIn(share, batch)
    if (share.queue.length >= mostQueued && !share.paused && isOurs(share)) {
      share.paused = true
      consumer.pause(batch)
    }
  }

  /**
   * A sink that keeps up is waited for: a resume takes effect only after the fetch under way, half a second on quiet topics, and would cost
   * more than the wait. One that does not keep up must not hold back the other partitions: its own is paused then.
   */
  async function roomIn(share: Share, batch: FetchedBatch): Promise<void> {
    const enough = new AbortController()
    let patient = true
    const impatience = clock.sleep(patienceMillis, AbortSignal.any([enough.signal, stopping.signal])).catch(() => {})
    void impatience.then(() => {
      patient = false
    })
    while (share.queue.length >= mostQueued && isOurs(share) && batch.isCurrent() && patient)
      await Promise.race([share.turned.promise, impatience])
    enough.abort(new Error('no longer needed'))
  }

  /** Writes what is queued, until nothing is. Never rejects. */
  async function work(share: Share): Promise<void> {
    try {
      const sink = await share.opening
      for (let batch = share.queue[0]; batch !== undefined && isOurs(share); batch = share.queue[0]) {
        await writeBatch(sink, share, batch)
        share.queue.shift()
        share.turned.resolve()
        share.turned = Promise.withResolvers()
        if (share.paused && share.queue.length < mostQueued && isOurs(share)) {
          share.paused = false
          consumer.resume(share.partition)
        }
      }
    } catch (error) {
      giveUp(share, error)
    } finally {
      share.working = null
      health?.turned(false)
    }
  }

  const isOurs = (share: Share) => !share.closed && !stopping.signal.aborted

  async function writeBatch(sink: PartitionSink, share: Share, batch: FetchedBatch): Promise<void> {
    const begunAt = clock.monotonic()
    const records = name === undefined ? batch.records : batch.records.filter(({ headers }) => isMeantFor(name, headers))
    if (batch.missing) tellMissing(share.partition, batch.missing, { logger, metrics, group })
    const durable = await persevere(async () => {
      health?.turned(true)
      return share.closed ? null : sink.write({ ...batch, records })
    })
    await commit(share, durable)
    metrics.batch('committed', (clock.monotonic() - begunAt) / 1_000)
    metrics.records('emitted', records.length, '')
    if (records.length < batch.records.length)
      metrics.records('skipped', batch.records.length - records.length, 'redriven_for_another_group')
  }

  /** Tried again on its own: the sink has done its work, and asked once more would say that there is nothing new. */
  async function commit(share: Share, position: CommittedOffset | null): Promise<void> {
    if (position === null) return
    await persevere(async () => {
      if (!share.closed) await consumer.commit(share.partition, position)
    })
    share.committed = position.offset
  }

  /** Tries again, for ever and visibly, what fails because something is away. Rejects when the app stops meanwhile. */
  async function persevere<T>(attempt: () => Promise<T>): Promise<T> {
    for (let failures = 1; ; failures++) {
      try {
        const result = await attempt()
        if (failures > 1) health?.set(conditions.progress, true)
        return result
      } catch (error) {
        if (!(error instanceof RetryableError)) throw error
        metrics.backoff(failures)
        health?.set(conditions.progress, false, error.message)
        health?.turned(false)
        logger.warn({ group, problem: error.message, failures }, 'waiting before another try')
        await clock.sleep(backoffMillis(failures, clock), stopping.signal)
      }
    }
  }

  function giveUp(share: Share, error: unknown): void {
    if (share.closed || stopping.signal.aborted) return
    share.closed = true
    if (error instanceof FencedError) {
      metrics.fenced('other')
      logger.warn({ ...share.partition, problem: error.message }, 'fenced: what was not committed goes to whoever has the partition now')
    } else failed.reject(error)
  }

  function lookAtIdle(): void {
    for (const share of shares.values()) {
      if (share.working !== null || share.closed) continue
      share.working = idle(share)
    }
  }

  async function idle(share: Share): Promise<void> {
    try {
      const sink = await share.opening
      if (sink.idle !== undefined && isOurs(share)) await commit(share, await persevere(async () => (share.closed ? null : sink.idle!())))
    } catch (error) {
      giveUp(share, error)
    } finally {
      share.working = null
      if (share.queue.length > 0) share.working = work(share)
    }
  }

  /** Done is what a sink has taken in; whether that is durable is another question, with an answer of its own. */
  function watchLag(): LagWatch {
    const find = (partition: TopicPartition) => shares.get(keyOf(partition))
    return createLagWatch({
      admin,
      consumer,
      group,
      from,
      clock,
      metrics,
      isDone: (partition) => find(partition)?.queue.length === 0,
      inHandSince: (partition) => find(partition)?.queue[0]?.records[0]?.timestamp ?? null,
      uncommittedSince(partition) {
        const share = find(partition)
        return share?.taken.beyond(share.committed) ?? null
      },
    })
  }

  return {
    finished,
    async start() {
      lagWatch = watchLag()
      await consumer.start(take, onAssignment)
      endIdleCheck = clock.interval(idleMillis, lookAtIdle)
    },
    stop() {
      stopped ??= (async () => {
        endIdleCheck()
        stopping.abort(new Error('stopping'))
        // The batch in each sink's hands is finished and committed while this is still a member.
        await Promise.all([...shares.values()].map(({ working }) => working))
        await consumer.stop()
        await lagWatch?.stop()
        await Promise.all([...shares.values()].map(close))
        await admin.close()
      })()
      return stopped
    },
  }
}
