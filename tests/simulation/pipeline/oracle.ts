import { applyWord, type Story } from '#app/notifier/delivery/story.ts'
import { readArchive } from '#lib/archive/read.ts'
import { verifyArchive } from '#lib/archive/verify.ts'
import type { Codec } from '#lib/codec/codec.ts'
import { payloadOf } from '#lib/market/event.ts'
import { createMemoryStore } from '#lib/objectstore/memory-store.ts'
import type { ObjectStore } from '#lib/objectstore/object-store.ts'
import type { LogRecord } from '#lib/stream/log.ts'
import type { Alert, MarketEvent, Notification, RecordName, RecordTypes } from '#schemas/types.ts'
import { type Broker, keyOf } from '../log/broker.ts'
import type { Channel } from './channel.ts'
import { isGarbage } from './garbage.ts'
import type { Market } from './market.ts'
import type { ReferenceStage } from './reference.ts'
import type { Objects } from './store.ts'

export type Observed = Readonly<{
  broker: Broker
  objects: Objects
  market: Market
  channel: Channel
  codec: Codec
  stages: readonly ReferenceStage[]
}>

/** What every history must come to. */
export type Oracle = Readonly<{
  isDone(): boolean
  /** For a history that does not end. */
  whatIsLeft(): string
  /** Null: every promise was kept. */
  judge(): Promise<string | null>
}>

export const archivedTopics = ['market.events', 'listings.scored', 'alerts'] as const

/** What is read to the end, by whom. */
const readers = [
  ['enricher', 'market.events'],
  ['featurizer', 'listings.enriched'],
  ['scorer', 'listings.features'],
  ['alerter', 'listings.scored'],
  ['notifier', 'alerts'],
  ...archivedTopics.map((topic) => ['archiver', topic] as const),
] as const

export function createOracle({ broker, objects, market, channel, codec, stages }: Observed): Oracle {
  const visible = (topic: string): LogRecord[] =>
    broker.topic(topic).flatMap(({ storage }) => storage.read(0, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY).records)

  // The shared codec knows every schema: it never waits.
  const decode = <Name extends RecordName>(name: Name, records: readonly LogRecord[]): RecordTypes[Name][] =>
    records.flatMap(({ value }) => (value === null || isGarbage(value) ? [] : [codec.decode(name, value) as RecordTypes[Name]]))
  const read = <Name extends RecordName>(name: Name, topic: string) => decode(name, visible(topic))

  const events = () => read('MarketEvent', 'market.events')

  function* remaining(): Generator<string> {
    const seen = new Set(events().map(({ eventId }) => eventId))
    for (const { listingId } of market.listings) if (!seen.has(`listing:${listingId}`)) yield `listing ${listingId} was not collected`
    for (const { saleId } of market.sales) if (!seen.has(`sale:${saleId}`)) yield `sale ${saleId} was not collected`
    for (const [group, topic] of readers)
      for (const { tp, storage } of broker.topic(topic)) {
        const committed = broker.group(group).offsets.get(keyOf(tp))?.offset ?? 0
        if (storage.read(committed, Number.POSITIVE_INFINITY, 1).records.length > 0) yield `${group} stands at ${committed} of ${keyOf(tp)}`
      }
    const withOutcome = new Set(read('Outcome', 'outcomes').map(({ alertId }) => alertId))
    for (const { alertId } of read('Alert', 'alerts')) if (!withOutcome.has(alertId)) yield `the ledger has no outcome of ${alertId}`
  }

  return {
    isDone: () => remaining().next().done === true,
    whatIsLeft: () => [...remaining()].slice(0, 3).join('; '),
    async judge() {
      return (
        collected(events(), market) ??
        stages.map((stage) => stageProblem(stage, visible)).find((problem) => problem !== null) ??
        (await archiveProblem(objects, visible)) ??
        tellingProblem(read('Alert', 'alerts'), decode('Notification', compacted(visible('notifications'))), channel) ??
        null
      )
    },
  }
}

/** The least that compaction leaves of our own records in a topic with one partition: the newest of each key, where it lies. */
function compacted(records: readonly LogRecord[]): LogRecord[] {
  const ours = records.filter(({ value }) => value !== null && !isGarbage(value))
  const newest = new Map(ours.map((record) => [record.key, record]))
  return ours.filter((record) => newest.get(record.key) === record)
}

function collected(events: readonly MarketEvent[], market: Market): string | null {
  const counts = new Map<string, number>()
  for (const { eventId, eventTime, observedAt } of events) {
    counts.set(eventId, (counts.get(eventId) ?? 0) + 1)
    if (eventTime > observedAt) return `${eventId} was observed at ${observedAt}, before it happened at ${eventTime}`
  }
  const twice = [...counts].find(([, count]) => count > 1)
  if (twice !== undefined) return `${twice[0]} was collected ${twice[1]} times`
  const order = events.map(payloadOf).flatMap(({ kind, value }) => (kind === 'Listing' ? [value.ask.startedAt] : []))
  const back = order.findIndex((startedAt, index) => index > 0 && startedAt < order[index - 1]!)
  if (back !== -1) return `listing number ${back} lies behind a later one`
  return order.length === market.listings.length ? null : `${order.length} listings were collected, ${market.listings.length} were made`
}

/** The stage's pure processor, folded once over what the log holds, must come to what the log holds behind it, to the byte. */
function stageProblem({ input, outputs, run }: ReferenceStage, visible: (topic: string) => LogRecord[]): string | null {
  const made = run(visible(input))
  for (const topic of outputs) {
    const byKey = (records: readonly Readonly<{ key: string | null; value: Buffer | null }>[]) => Map.groupBy(records, ({ key }) => key)
    const expected = byKey(made.filter((output) => output.topic === topic))
    const found = byKey(visible(topic))
    for (const key of new Set([...expected.keys(), ...found.keys()])) {
      const [wanted, actual] = [expected.get(key) ?? [], found.get(key) ?? []]
      if (wanted.length !== actual.length) return `${topic}: ${actual.length} records of ${key}, expected ${wanted.length}`
      if (wanted.some(({ value }, index) => !actual[index]!.value!.equals(value!)))
        return `${topic}: a record of ${key} is not what a replay makes`
    }
  }
  return null
}

async function archiveProblem(objects: Objects, visible: (topic: string) => LogRecord[]): Promise<string | null> {
  const store = storeOf(objects)
  for (const topic of archivedTopics) {
    const location = { prefix: '', topic, generation: 1 }
    const { problems } = await verifyArchive(store, location)
    if (problems[0] !== undefined) return `archive of ${topic}: ${problems[0]}`
    const wanted = new Map(visible(topic).map((record) => [`${record.partition} ${record.offset}`, record]))
    for await (const { partition, offset, value } of readArchive(store, location)) {
      const record = wanted.get(`${partition} ${offset}`)
      if (record === undefined)
        return `archive of ${topic}: offset ${offset} of partition ${partition} is there twice, or was never visible`
      if (!record.value!.equals(value!)) return `archive of ${topic}: offset ${offset} of partition ${partition} has other bytes`
      wanted.delete(`${partition} ${offset}`)
    }
    const [missing] = wanted.keys()
    if (missing !== undefined) return `archive of ${topic}: ${missing} (partition, offset) is missing though the group stands behind it`
  }
  return null
}

/** The same objects without a network. */
function storeOf(objects: Objects): ObjectStore {
  return {
    ...createMemoryStore(),
    get: async (key) => objects.get(key) ?? null,
    async *list(prefix) {
      for (const [key, { length }] of [...objects].sort(([a], [b]) => (a < b ? -1 : 1)))
        if (key.startsWith(prefix)) yield { key, size: length }
    },
  }
}

const silentStatuses = ['expired', 'muted', 'limited', 'gone', 'failed']

function tellingProblem(alerts: readonly Alert[], notifications: readonly Notification[], channel: Channel): string | null {
  // As whoever starts next reads it.
  const stories = new Map<string, Story>()
  for (const word of notifications) stories.set(word.alertId, applyWord(stories.get(word.alertId), word))
  for (const { alertId, scored } of alerts) {
    const mention = new RegExp(`#${scored.listing.item.tokenId}\\b`)
    const mentions = channel.messages.filter(({ text }) => mention.test(text)).length
    const status = stories.get(alertId)?.newest.status ?? 'nothing'
    if (mentions > 1) return `alert ${alertId} was told ${mentions} times`
    if (status === 'intended' || status === 'nothing') return `the notifier is done, and alert ${alertId} is ${status}`
    // A webhook whose answer was lost may or may not have been told: that is said, and never tried again.
    if (mentions === 0 && !silentStatuses.includes(status) && !(status === 'unknown' && !channel.canLook))
      return `alert ${alertId} was not told, and is said to be ${status}`
    if (mentions === 1 && silentStatuses.includes(status)) return `alert ${alertId} was told, and is said to be ${status}`
  }
  return null
}
