/**
 * What one life of a consumer knows of its place in the group, and how far it has read, as a state and what may follow it. `life.ts` hears
 * of it from kafkajs.
 *
 *   joining ──assigned──▶ assigned ──assigned──▶ assigned (a new epoch)       from anywhere: over, which is the end
 */
import type { OffsetRange, TopicPartition } from '#lib/stream/log.ts'

/** How far one partition is read, as assigned now. */
export type Reading = Readonly<{
  partition: TopicPartition
  /** Where our next batch begins. Null: where kafkajs begins. */
  next: number | null
  /** The same, and beyond what held nothing visible. Null: nothing was fetched yet. */
  passed: number | null
  remaining: number
  seeks: number
  /** Deleted by the log before it was read, and not handed over yet. */
  missing: OffsetRange | null
}>

export type ReadingEvent =
  /** A batch is about to be handed over, with so many records behind it. */
  | Readonly<{ type: 'fetched'; remaining: number }>
  /** The handler is done with a batch. */
  | Readonly<{ type: 'done'; nextOffset: number }>
  /** A fetch held nothing but markers and aborted records: kafkajs moves on, and no batch comes of it. */
  | Readonly<{ type: 'nothing visible'; nextOffset: number; remaining: number }>
  /** The offset to read next was not in the log: reading goes on at `to`. */
  | (Readonly<{ type: 'jumped' }> & OffsetRange)
  | Readonly<{ type: 'sought'; offset: number }>

export type Membership =
  | Readonly<{ type: 'joining' }>
  | Readonly<{ type: 'assigned'; epoch: number; readings: ReadonlyMap<string, Reading> }>
  | Readonly<{ type: 'over' }>

export type MembershipEvent =
  | Readonly<{ type: 'assigned'; epoch: number; partitions: readonly TopicPartition[] }>
  | Readonly<{ type: 'read'; partition: TopicPartition; event: ReadingEvent }>
  | Readonly<{ type: 'over' }>

export const keyOf = ({ topic, partition }: TopicPartition): string => `${topic}-${partition}`

export function next(state: Membership, event: MembershipEvent): Membership {
  if (state.type === 'over') return state
  switch (event.type) {
    case 'over':
      return { type: 'over' }
    case 'assigned':
      return { type: 'assigned', epoch: event.epoch, readings: new Map(event.partitions.map((tp) => [keyOf(tp), unread(tp)])) }
    case 'read': {
      const reading = readingOf(state, event.partition)
      if (state.type !== 'assigned' || reading === null) return state
      return { ...state, readings: new Map(state.readings).set(keyOf(event.partition), nextReading(reading, event.event)) }
    }
  }
}

export function nextReading(reading: Reading, event: ReadingEvent): Reading {
  switch (event.type) {
    case 'fetched':
      return { ...reading, remaining: event.remaining }
    case 'done':
      return { ...reading, next: event.nextOffset, passed: event.nextOffset, missing: null }
    case 'nothing visible':
      return { ...reading, passed: event.nextOffset, remaining: event.remaining }
    case 'jumped':
      return { ...reading, next: reading.next ?? event.from, missing: { from: reading.missing?.from ?? event.from, to: event.to } }
    case 'sought':
      return { ...reading, next: event.offset, passed: event.offset, seeks: reading.seeks + 1, missing: null }
  }
}

const unread = (partition: TopicPartition): Reading => ({ partition, next: null, passed: null, remaining: 0, seeks: 0, missing: null })

/** Null: the partition is not assigned. */
export const readingOf = (state: Membership, partition: TopicPartition): Reading | null =>
  (state.type === 'assigned' ? state.readings.get(keyOf(partition)) : undefined) ?? null

export const readingsOf = (state: Membership): readonly Reading[] => (state.type === 'assigned' ? [...state.readings.values()] : [])

/** Whether what was begun in this epoch, before any later seek, may still have effects. */
export const isCurrent = (state: Membership, epoch: number, { partition, seeks }: Reading): boolean =>
  belongs(state, epoch) && readingOf(state, partition)?.seeks === seeks

export const belongs = (state: Membership, epoch: number): boolean => state.type === 'assigned' && state.epoch === epoch
