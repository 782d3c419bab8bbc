import kafkajs, {
  type ConsumerCrashEvent,
  type ConsumerEndBatchProcessEvent,
  type ConsumerGroupJoinEvent,
  type EachBatchPayload,
  type Kafka,
  type Consumer as KafkajsConsumer,
} from 'kafkajs'
import { systemClock } from '#lib/clock/clock.ts'
import { FatalError, FencedError, RetryableError } from '#lib/errors/errors.ts'
import { backoffMillis } from '#lib/stream/backoff.ts'
import type {
  BatchHandler,
  CommittedOffset,
  Consumer,
  ConsumerOptions,
  FetchedBatch,
  OffsetRange,
  TopicPartition,
} from '#lib/stream/log.ts'
import type { Logger } from '#lib/telemetry/logger.ts'
import { clientRetry } from './client.ts'
import { streamError } from './kafkajs-errors.ts'
import { resetListeners } from './offset-reset-patch.ts'
import { toLogRecord } from './records.ts'

// Node finds no named exports for the errors of this CommonJS module.
const { KafkaJSProtocolError } = kafkajs

/**
 * The broker answers a fetch as soon as there is a byte for us, and otherwise after this long: it costs an idle consumer two requests a
 * second, and is how long a seek, a resume or a stop may wait for the fetch under way.
 */
export const maxWaitMillis = 500
const rebalanceTimeoutMillis = 30_000
const mostHeartbeatMillis = 1_000
const partitionsSideBySide = 64
const closeMillis = 5_000
const commitAttempts = 50
const commitPauseMillis = 20
/** Short: kafkajs has tried for some seconds itself by then. */
const lifeBackoff = { firstMillis: 100, mostMillis: 3_000 }

/** What `follow` needs beside the port: how far reading has come, also where nothing visible was found. */
export type ReadProgress = (partition: TopicPartition, nextOffset: number) => void

/** A partition as assigned now. `next`: where our next batch begins. `passed`: also beyond what held nothing visible. */
type Share = {
  readonly tp: TopicPartition
  next: number | null
  passed: number | null
  remaining: number
  seeks: number
  /** Deleted by the log before it was read, and not handed over yet. */
  missing: OffsetRange | null
}

type Life = Readonly<{ consumer: KafkajsConsumer; ended: PromiseWithResolvers<void> }>
type Assigned = (partitions: readonly TopicPartition[], epoch: number) => void

const keyOf = ({ topic, partition }: TopicPartition) => `${topic}-${partition}`

/**
 * A member of a consumer group on kafkajs. What kafkajs leaves open is settled here:
 *   - `run()` resolves before a crash, and after one kafkajs restarts itself or not by rules of its own (#1046 and kin). Here it never
 *     does: a crash ends a life, and the next begins with a new kafkajs consumer after a back-off, or `finished` rejects.
 *   - There is no callback before partitions are taken away (#1046). Each GROUP_JOIN begins a new epoch; what was begun in an older one
 *     is no longer current. kafkajs itself joins again only after all batches in hand are done.
 *   - A handler's error would make kafkajs retry by its own count and log. It never sees one: a batch is tried again here, with
 *     heartbeats in between, and a fenced member is made to join again by the one error that kafkajs takes for a rebalance.
 */
export function createKafkajsConsumer(
  kafka: Kafka,
  logger: Logger,
  options: ConsumerOptions & { sessionTimeoutMillis: number },
  onProgress: ReadProgress = () => {},
): Consumer {
  const finished = Promise.withResolvers<void>()
  finished.promise.catch(() => {})
  const stopping = new AbortController()
  const shares = new Map<string, Share>()
  const inHand = new Set<Promise<void>>()
  const rights = { TOPIC: `Read on topic ${options.topics.join(', ')}`, GROUP: `Read on group ${options.group}` }
  let epoch = 0
  let life: Life | null = null
  let living: Promise<void> | null = null

  async function live(handler: BatchHandler, onAssignment: Assigned): Promise<void> {
    let failures = 0
    while (!stopping.signal.aborted) {
      try {
        await liveOnce(handler, (partitions, newEpoch) => {
          failures = 0
          onAssignment(partitions, newEpoch)
        })
      } catch (error) {
        failures++
        const reaction = streamError(error, `consumer group ${options.group}`, rights)
        if (!(reaction instanceof RetryableError || reaction instanceof FencedError)) throw reaction
        logger.warn({ group: options.group, problem: reaction.message, failures }, 'consumer lost its broker or its group: beginning anew')
        await systemClock.sleep(backoffMillis(failures, systemClock, lifeBackoff), stopping.signal).catch(() => {})
      }
    }
  }

  /** From connecting to a crash or a stop. */
  async function liveOnce(handler: BatchHandler, onAssignment: Assigned): Promise<void> {
    const consumer = kafka.consumer({
      groupId: options.group,
      sessionTimeout: options.sessionTimeoutMillis,
      heartbeatInterval: Math.min(mostHeartbeatMillis, options.sessionTimeoutMillis / 5),
      rebalanceTimeout: rebalanceTimeoutMillis,
      maxWaitTimeInMs: maxWaitMillis,
      minBytes: 1,
      maxBytesPerPartition: options.maxBytesPerPartition ?? 1_048_576,
      allowAutoTopicCreation: false,
      retry: { ...clientRetry, restartOnFailure: async () => false },
    })
    const current: Life = { consumer, ended: Promise.withResolvers() }
    current.ended.promise.catch(() => {})
    life = current
    const memberIds = new Set<string>()
    consumer.on(consumer.events.CRASH, ({ payload }: ConsumerCrashEvent) => current.ended.reject(payload.error))
    consumer.on(consumer.events.GROUP_JOIN, (event: ConsumerGroupJoinEvent) => {
      if (life !== current || stopping.signal.aborted) return
      const { memberId } = event.payload
      resetListeners.set(memberId, (jump) => jumped(jump, current))
      memberIds.add(memberId)
      onAssignment(assign(event), epoch)
    })
    consumer.on(consumer.events.END_BATCH_PROCESS, progressed)
    const begin = async () => {
      await consumer.connect()
      await consumer.subscribe({ topics: [...options.topics], fromBeginning: options.from === 'earliest' })
      // A stop does not wait for a broker that is away; but then this must not join any more.
      if (stopping.signal.aborted) return
      await consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: partitionsSideBySide,
        eachBatch: (payload) => holding(deliver(payload, current, handler)),
      })
    }
    try {
      await Promise.race([begin().then(() => current.ended.promise), current.ended.promise])
    } finally {
      await Promise.allSettled(inHand)
      for (const memberId of memberIds) resetListeners.delete(memberId)
      epoch++
      shares.clear()
      await Promise.race([consumer.disconnect(), systemClock.sleep(closeMillis)]).catch(() => {})
    }
  }

  function holding(delivery: Promise<void>): Promise<void> {
    inHand.add(delivery)
    return delivery.finally(() => inHand.delete(delivery))
  }

  function assign({ payload }: ConsumerGroupJoinEvent): TopicPartition[] {
    epoch++
    shares.clear()
    for (const [topic, partitions] of Object.entries(payload.memberAssignment)) {
      for (const partition of partitions) {
        const tp = { topic, partition }
        shares.set(keyOf(tp), { tp, next: null, passed: null, remaining: 0, seeks: 0, missing: null })
      }
    }
    // kafkajs remembers a pause beyond the assignment it was made under.
    life?.consumer.resume(life.consumer.paused())
    return [...shares.values()].map(({ tp }) => tp)
  }

  /** A fetch that held nothing but markers and aborted records moves kafkajs on, but never becomes a batch of ours. */
  function progressed({ payload }: ConsumerEndBatchProcessEvent): void {
    const share = shares.get(keyOf(payload))
    if (share === undefined || payload.batchSize > 0) return
    const nextOffset = Number(payload.lastOffset) + 1
    share.passed = nextOffset
    share.remaining = Math.max(0, Number(payload.highWatermark) - nextOffset)
    onProgress(share.tp, nextOffset)
  }

  /** The offset to read next was not in the log: it was deleted before we came to it, or the log is no longer the one it was. */
  function jumped({ from, to, ...tp }: TopicPartition & OffsetRange, current: Life): void {
    const share = shares.get(keyOf(tp))
    if (share === undefined || life !== current) return
    if (to < from) current.ended.reject(madeAnew(tp, from))
    share.next ??= from
    share.missing = { from: share.missing?.from ?? from, to }
  }

  async function deliver(payload: EachBatchPayload, current: Life, handler: BatchHandler): Promise<void> {
    const { batch } = payload
    const share = shares.get(keyOf(batch))
    if (share === undefined || life !== current || stopping.signal.aborted) return
    const fetched = toBatch(payload, share, current)
    share.remaining = fetched.remaining
    for (let attempt = 1; fetched.isCurrent(); attempt++) {
      try {
        await handler(fetched)
        if (fetched.isCurrent()) {
          share.next = fetched.nextOffset
          share.passed = fetched.nextOffset
          share.missing = null
          payload.resolveOffset(batch.lastOffset())
          onProgress(share.tp, fetched.nextOffset)
        }
        return
      } catch (error) {
        if (error instanceof FencedError) throw rejoin(error)
        if (!(error instanceof RetryableError)) return current.ended.reject(error)
        await waitForRetry(fetched, payload, attempt)
        if (stopping.signal.aborted) return
      }
    }
  }

  function toBatch(payload: EachBatchPayload, share: Share, current: Life): FetchedBatch {
    const { batch } = payload
    const { seeks } = share
    const ours = epoch
    const belongs = () => epoch === ours && life === current
    const nextOffset = Number(batch.lastOffset()) + 1
    return {
      ...share.tp,
      records: batch.messages.map((message) => toLogRecord(share.tp, message)),
      // kafkajs moves on by itself over fetches that hold nothing visible: what we were at last is where this one begins for us.
      position: share.next ?? Number((batch as unknown as { fetchedOffset: string }).fetchedOffset),
      missing: share.missing,
      nextOffset,
      remaining: Math.max(0, Number(batch.highWatermark) - nextOffset),
      epoch: ours,
      isCurrent: () => belongs() && share.seeks === seeks && !payload.isStale(),
      heartbeat: async () => {
        if (!belongs()) throw new FencedError(`${keyOf(share.tp)} is no longer assigned to this member`)
        await heartbeat(payload)
      },
    }
  }

  async function heartbeat(payload: EachBatchPayload): Promise<void> {
    try {
      await payload.heartbeat()
    } catch (error) {
      // Until we join again the partition is still ours: finish the batch first. kafkajs asks again after it, and then joins.
      if ((error as { type?: string }).type !== 'REBALANCE_IN_PROGRESS') throw streamError(error, `heartbeat to group ${options.group}`)
    }
  }

  /** A back-off during which the group hears from us. Ends early for a stop; throws when it is time to join again. */
  async function waitForRetry(batch: FetchedBatch, payload: EachBatchPayload, attempt: number): Promise<void> {
    for (
      let left = backoffMillis(attempt, systemClock);
      left > 0 && !stopping.signal.aborted && batch.isCurrent();
      left -= mostHeartbeatMillis
    ) {
      await systemClock.sleep(Math.min(left, mostHeartbeatMillis), stopping.signal).catch(() => {})
      await payload.heartbeat()
    }
  }

  /** Leaves the batch undone and makes kafkajs join again, under the same name or, if the group has forgotten it, a new one. */
  function rejoin(error: FencedError): Error {
    return new KafkaJSProtocolError(Object.assign(new Error(error.message), { type: 'REBALANCE_IN_PROGRESS', code: 27, retriable: false }))
  }

  /** kafkajs commits nothing, and says nothing, while its runner does not run: between joining and the first fetch, or after a crash. */
  async function commitOnce(consumer: KafkajsConsumer, tp: TopicPartition, { offset, metadata }: CommittedOffset): Promise<boolean> {
    let committed = false
    const forget = consumer.on(consumer.events.COMMIT_OFFSETS, () => {
      committed = true
    })
    try {
      await consumer.commitOffsets([{ ...tp, offset: String(offset), metadata }])
      return committed
    } catch (error) {
      throw streamError(error, `committing offset ${offset} of ${keyOf(tp)}`)
    } finally {
      forget()
    }
  }

  const shareOf = (tp: TopicPartition): Share => {
    const share = shares.get(keyOf(tp))
    if (share === undefined || life === null) throw new FencedError(`${keyOf(tp)} is not assigned to this member`)
    return share
  }
  const one = ({ topic, partition }: TopicPartition) => [{ topic, partitions: [partition] }]

  return {
    finished: finished.promise,

    start(handler, onAssignment = () => {}) {
      const joined = Promise.withResolvers<void>()
      living = live(handler, (partitions, newEpoch) => {
        onAssignment(partitions, newEpoch)
        joined.resolve()
      })
      living.then(finished.resolve, finished.reject)
      living.then(joined.resolve, joined.reject)
      return joined.promise
    },

    seek(tp, offset) {
      const share = shareOf(tp)
      share.seeks++
      share.next = offset
      share.passed = offset
      share.missing = null
      life!.consumer.seek({ ...tp, offset: String(offset) })
    },

    pause(tp) {
      shareOf(tp)
      life!.consumer.pause(one(tp))
    },

    resume(tp) {
      shareOf(tp)
      life!.consumer.resume(one(tp))
    },

    lag: () => [...shares.values()].map(({ tp, remaining, passed }) => ({ ...tp, records: remaining, position: passed })),

    async commit(tp, position) {
      for (let attempt = 1; ; attempt++) {
        shareOf(tp)
        if (await commitOnce(life!.consumer, tp, position)) return
        if (attempt === commitAttempts)
          throw new FencedError(`offset ${position.offset} of ${keyOf(tp)} not committed: the consumer is not running`)
        await systemClock.sleep(commitPauseMillis)
      }
    },

    async stop() {
      stopping.abort(new Error('stopping'))
      life?.ended.resolve()
      await living?.catch(() => {})
      finished.resolve()
    },
  }
}

const madeAnew = (tp: TopicPartition, from: number) =>
  new FatalError(
    `offset ${from} of ${keyOf(tp)} is beyond the log's end: the topic was made anew or cut. Delete the consumer group, or name another run`,
  )
