import type { ConsumerEndBatchProcessEvent, ConsumerGroupJoinEvent, EachBatchPayload, Consumer as KafkajsConsumer } from 'kafkajs'
import { FatalError, FencedError } from '#lib/errors/errors.ts'
import type { BatchHandler, Consumer, OffsetRange, TopicPartition } from '#lib/stream/log.ts'
import { deliver, type ReadProgress } from './delivery.ts'
import { keyOf, type Membership, type MembershipEvent, next, type ReadingEvent, readingOf, readingsOf } from './membership.ts'
import { resetListeners } from './offset-reset-patch.ts'

/** What kafkajs's consumer is to its group in one life, from what it says by events: assignments, and how far each partition is read. */
export interface Member extends Pick<Consumer, 'seek' | 'pause' | 'resume' | 'lag'> {
  eachBatch(payload: EachBatchPayload): Promise<void>
  /** FencedError where the partition is not assigned. */
  assertOurs(partition: TopicPartition): void
  /** Lets the batches in hand be done; after it nothing is ours. */
  end(): Promise<void>
}

export type MemberOptions = Readonly<{
  group: string
  handler: BatchHandler
  onAssignment(partitions: readonly TopicPartition[], epoch: number): void
  onProgress: ReadProgress
  stopping: AbortSignal
  /** Higher than any before it, in this life or an earlier one. */
  nextEpoch(): number
  /** Ends the life. */
  fail(error: unknown): void
}>

export function createMember(consumer: KafkajsConsumer, options: MemberOptions): Member {
  const inHand = new Set<Promise<void>>()
  const place = createPlace()
  const forget = listen(consumer, place, options)
  const assertOurs = (partition: TopicPartition): void => {
    if (readingOf(place.membership(), partition) === null) throw new FencedError(`${keyOf(partition)} is not assigned to this member`)
  }
  const one = ({ topic, partition }: TopicPartition) => [{ topic, partitions: [partition] }]

  return {
    eachBatch(payload) {
      const delivery = deliver(payload, { ...options, ...place })
      inHand.add(delivery)
      return delivery.finally(() => inHand.delete(delivery))
    },
    assertOurs,
    seek(partition, offset) {
      assertOurs(partition)
      place.read(partition, { type: 'sought', offset })
      consumer.seek({ ...partition, offset: String(offset) })
    },
    pause(partition) {
      assertOurs(partition)
      consumer.pause(one(partition))
    },
    resume(partition) {
      assertOurs(partition)
      consumer.resume(one(partition))
    },
    lag: () =>
      readingsOf(place.membership()).map(({ partition, remaining, passed }) => ({ ...partition, records: remaining, position: passed })),
    async end() {
      await Promise.allSettled(inHand)
      forget()
      place.move({ type: 'over' })
    },
  }
}

type Place = Readonly<{
  membership(): Membership
  move(event: MembershipEvent): void
  read(partition: TopicPartition, event: ReadingEvent): void
}>

function createPlace(): Place {
  let membership: Membership = { type: 'joining' }
  const move = (event: MembershipEvent): void => {
    membership = next(membership, event)
  }
  return { membership: () => membership, move, read: (partition, event) => move({ type: 'read', partition, event }) }
}

/** Returns what ends the listening that outlasts kafkajs's consumer. */
function listen(consumer: KafkajsConsumer, { membership, move, read }: Place, options: MemberOptions): () => void {
  const { stopping, onAssignment, onProgress, nextEpoch, fail } = options
  const memberIds = new Set<string>()

  consumer.on(consumer.events.GROUP_JOIN, ({ payload: { memberId, memberAssignment } }: ConsumerGroupJoinEvent) => {
    if (membership().type === 'over' || stopping.aborted) return
    resetListeners.set(memberId, jumped)
    memberIds.add(memberId)
    const epoch = nextEpoch()
    const partitions = partitionsOf(memberAssignment)
    move({ type: 'assigned', epoch, partitions })
    // kafkajs remembers a pause beyond the assignment it was made under.
    consumer.resume(consumer.paused())
    onAssignment(partitions, epoch)
  })

  // A fetch that held nothing but markers and aborted records moves kafkajs on, but never becomes a batch of ours.
  consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload }: ConsumerEndBatchProcessEvent) => {
    const reading = readingOf(membership(), payload)
    if (reading === null || payload.batchSize > 0) return
    const nextOffset = Number(payload.lastOffset) + 1
    read(payload, { type: 'nothing visible', nextOffset, remaining: Math.max(0, Number(payload.highWatermark) - nextOffset) })
    onProgress(reading.partition, nextOffset)
  })

  /** The offset to read next was not in the log: it was deleted before we came to it, or the log is no longer the one it was. */
  function jumped({ from, to, ...partition }: TopicPartition & OffsetRange): void {
    if (readingOf(membership(), partition) === null) return
    if (to < from) fail(madeAnew(partition, from))
    read(partition, { type: 'jumped', from, to })
  }

  return () => {
    for (const memberId of memberIds) resetListeners.delete(memberId)
  }
}

const partitionsOf = (assignment: Readonly<Record<string, readonly number[]>>): TopicPartition[] =>
  Object.entries(assignment).flatMap(([topic, partitions]) => partitions.map((partition) => ({ topic, partition })))

const madeAnew = (partition: TopicPartition, from: number) =>
  new FatalError(
    `offset ${from} of ${keyOf(partition)} is beyond the log's end: the topic was made anew or cut. Delete the consumer group, or name another run`,
  )
