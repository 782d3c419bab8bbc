import kafkajs, { type EachBatchPayload } from 'kafkajs'
import { systemClock } from '#lib/clock/clock.ts'
import { FencedError, RetryableError } from '#lib/errors/errors.ts'
import { backoffMillis } from '#lib/stream/backoff.ts'
import type { BatchHandler, FetchedBatch, TopicPartition } from '#lib/stream/log.ts'
import { streamError } from './kafkajs-errors.ts'
import { belongs, isCurrent, keyOf, type Membership, type ReadingEvent, readingOf } from './membership.ts'
import { toLogRecord } from './records.ts'

// Node finds no named exports for the errors of this CommonJS module.
const { KafkaJSProtocolError } = kafkajs

export const maxHeartbeatMillis = 1_000

/** What `follow` needs beside the port: how far reading has come, also where nothing visible was found. */
export type ReadProgress = (partition: TopicPartition, nextOffset: number) => void

/** What a delivery needs of the life it happens in. */
export type DeliveryOptions = Readonly<{
  group: string
  handler: BatchHandler
  stopping: AbortSignal
  membership(): Membership
  read(partition: TopicPartition, event: ReadingEvent): void
  onProgress: ReadProgress
  /** Ends the life. */
  fail(error: unknown): void
}>

/** Hands a batch over until its handler is done with it, the partition is no longer ours, or the life ends. */
export async function deliver(payload: EachBatchPayload, options: DeliveryOptions): Promise<void> {
  const { handler, stopping, read, onProgress, fail } = options
  const fetched = stopping.aborted ? null : toBatch(payload, options)
  if (fetched === null) return
  read(fetched, { type: 'fetched', remaining: fetched.remaining })
  for (let attempt = 1; fetched.isCurrent(); attempt++) {
    try {
      await handler(fetched)
      if (!fetched.isCurrent()) return
      const { nextOffset } = fetched
      read(fetched, { type: 'done', nextOffset })
      payload.resolveOffset(payload.batch.lastOffset())
      return onProgress({ topic: fetched.topic, partition: fetched.partition }, nextOffset)
    } catch (error) {
      if (error instanceof FencedError) throw rejoin(error)
      if (!(error instanceof RetryableError)) return fail(error)
      await waitForRetry(fetched, payload, attempt, stopping)
      if (stopping.aborted) return
    }
  }
}

/** Null: the partition is not ours. */
function toBatch(payload: EachBatchPayload, { group, membership }: DeliveryOptions): FetchedBatch | null {
  const { batch } = payload
  const state = membership()
  const reading = readingOf(state, batch)
  if (state.type !== 'assigned' || reading === null) return null
  const { partition, next, missing } = reading
  const { epoch } = state
  const nextOffset = Number(batch.lastOffset()) + 1
  return {
    ...partition,
    records: batch.messages.map((message) => toLogRecord(partition, message)),
    // kafkajs moves on by itself over fetches that hold nothing visible: what we were at last is where this one begins for us.
    position: next ?? Number((batch as unknown as { fetchedOffset: string }).fetchedOffset),
    missing,
    nextOffset,
    remaining: Math.max(0, Number(batch.highWatermark) - nextOffset),
    epoch,
    isCurrent: () => isCurrent(membership(), epoch, reading) && !payload.isStale(),
    heartbeat: async () => {
      if (!belongs(membership(), epoch)) throw new FencedError(`${keyOf(partition)} is no longer assigned to this member`)
      await heartbeat(payload, group)
    },
  }
}

async function heartbeat(payload: EachBatchPayload, group: string): Promise<void> {
  try {
    await payload.heartbeat()
  } catch (error) {
    // Until we join again the partition is still ours: finish the batch first. kafkajs asks again after it, and then joins.
    if ((error as { type?: string }).type !== 'REBALANCE_IN_PROGRESS') throw streamError(error, `heartbeat to group ${group}`)
  }
}

/** A back-off during which the group hears from us. Ends early for a stop; throws when it is time to join again. */
async function waitForRetry(batch: FetchedBatch, payload: EachBatchPayload, attempt: number, stopping: AbortSignal): Promise<void> {
  for (let left = backoffMillis(attempt, systemClock); left > 0 && !stopping.aborted && batch.isCurrent(); left -= maxHeartbeatMillis) {
    await systemClock.sleep(Math.min(left, maxHeartbeatMillis), stopping).catch(() => {})
    await payload.heartbeat()
  }
}

/** Leaves the batch undone and makes kafkajs join again, under the same name or, if the group has forgotten it, a new one. */
function rejoin(error: FencedError): Error {
  return new KafkaJSProtocolError(Object.assign(new Error(error.message), { type: 'REBALANCE_IN_PROGRESS', code: 27, retriable: false }))
}
