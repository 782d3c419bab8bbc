import { beforeEach, describe, expect, it } from 'vitest'
import { createManualClock } from '#lib/clock/clock.ts'
import { type Codec, createCodec } from '#lib/codec/codec.ts'
import { createMemoryRegistry } from '#lib/codec/registry.ts'
import { RetryableError } from '#lib/errors/errors.ts'
import { topicSettings } from '#lib/market/topics.ts'
import { scoredWith } from '#lib/rules/testing/scored-listing-samples.ts'
import { sampleAlert } from '#lib/stages/testing/alert-samples.ts'
import type { LogRecord, Producer } from '#lib/stream/log.ts'
import { createMemoryLog, type MemoryLog } from '#lib/stream/memory/memory-log.ts'
import type { Alert, Notification } from '#schemas/types.ts'
import { createAlertSink, type NotifyOutcome } from './alert-sink.ts'
import { createIntents } from './intents.ts'

const now = 1_800_000_000_000
const codec: Codec = createCodec({ registry: createMemoryRegistry() })
let log: MemoryLog
let clock: ReturnType<typeof createManualClock>

beforeEach(async () => {
  await codec.prepare(['Alert', 'Notification'])
  clock = createManualClock(now)
  log = createMemoryLog({ clock })
  await log.admin().createTopics(topicSettings('run.', { partitions: 1 }))
})

const alertOf = (tokenId: string, change: Partial<Alert> = {}): Alert =>
  sampleAlert(scoredWith({ listing: { listingId: `axie:${tokenId}:1` } }), { alertId: `axie:${tokenId}:1:default`, ...change })

const recordOf = (alert: Alert, offset: number, collectedAt: number | null = now - 40): LogRecord => ({
  topic: 'run.alerts',
  partition: 0,
  offset,
  timestamp: now - 5,
  key: 'axie:1',
  value: codec.encode('Alert', alert),
  headers: collectedAt === null ? {} : { 'collected-at': String(collectedAt) },
})

const batch = (records: readonly LogRecord[]) => ({
  topic: 'run.alerts',
  partition: 0,
  records,
  nextOffset: records.length,
  remaining: 0,
  isCurrent: () => true,
})

/** One process: what it shows, and what it counts. `failSend` makes the n-th write to the log fail (1 = the first). */
async function startNotifier(failSend: { call: number; landed: boolean } | null = null) {
  const real = log.producer()
  let calls = 0
  const producer: Producer = {
    ...real,
    async send(records) {
      calls++
      const fails = calls === failSend?.call
      if (!fails || failSend.landed) await real.send(records)
      if (fails) throw new RetryableError('injected: the broker is away')
    },
  }
  const intents = createIntents({ log, producer, codec, prefix: 'run.', channel: 'console' })
  await intents.load()
  const shown: { alertId: string; latencyMillis: number | null }[] = []
  const outcomes: NotifyOutcome[] = []
  const latencies: number[] = []
  const sink = createAlertSink({
    codec,
    intents,
    producer,
    deadLetters: 'run.dead-letters',
    maxRecordBytes: 1_000_000,
    clock,
    show: ({ alertId }, latencyMillis) => shown.push({ alertId, latencyMillis }),
    onSeen: (latency) => latencies.push(latency),
    onOutcome: (outcome) => outcomes.push(outcome),
  })
  return { sink, shown, outcomes, latencies }
}

async function notifications(): Promise<[string, string][]> {
  const found: Notification[] = []
  const following = await log.follow(['run.notifications'], async (records) => {
    for (const { value } of records) found.push(await codec.decode('Notification', value!))
  })
  await following.caughtUp
  await following.stop()
  return found.map(({ alertId, status }) => [alertId, status])
}

const one = 'axie:1:1:default'
const two = 'axie:2:1:default'

describe('notifier', () => {
  it('makes the intent durable, shows the alert, and says that it was sent', async () => {
    const { sink, shown, outcomes, latencies } = await startNotifier()
    expect(await sink.write(batch([recordOf(alertOf('1'), 0), recordOf(alertOf('2'), 1)]))).toEqual({ offset: 2, metadata: '' })
    expect(shown).toEqual([
      { alertId: one, latencyMillis: 40 },
      { alertId: two, latencyMillis: 40 },
    ])
    expect(await notifications()).toEqual([
      [one, 'intended'],
      [two, 'intended'],
      [one, 'sent'],
      [two, 'sent'],
    ])
    expect(outcomes).toEqual(['sent', 'sent'])
    expect(latencies).toEqual([40, 40])
  })

  it('does not show an alert again after a restart that lost the commit', async () => {
    await (await startNotifier()).sink.write(batch([recordOf(alertOf('1'), 0)]))
    const restarted = await startNotifier()
    expect(await restarted.sink.write(batch([recordOf(alertOf('1'), 0), recordOf(alertOf('2'), 1)]))).toEqual({ offset: 2, metadata: '' })
    expect(restarted.shown.map(({ alertId }) => alertId)).toEqual([two])
    expect(restarted.outcomes.sort()).toEqual(['known', 'sent'])
  })

  it('does not show again what a killed run may have shown, and counts it', async () => {
    const killed = await startNotifier({ call: 2, landed: false })
    await expect(killed.sink.write(batch([recordOf(alertOf('1'), 0)]))).rejects.toMatchObject({ name: 'RetryableError' })
    const restarted = await startNotifier()
    await restarted.sink.write(batch([recordOf(alertOf('1'), 0)]))
    expect(restarted.shown).toEqual([])
    expect(restarted.outcomes).toEqual(['unknown'])
    expect((await notifications()).at(-1)).toEqual([one, 'unknown'])
  })

  it.each([
    ['the intent did not land', { call: 1, landed: false }],
    ['the intent landed, and its answer was lost', { call: 1, landed: true }],
    ['the outcome did not land', { call: 2, landed: false }],
    ['the outcome landed, and its answer was lost', { call: 2, landed: true }],
  ])('shows each alert once when the broker fails and the batch comes again: %s', async (_case, failure) => {
    const { sink, shown, outcomes } = await startNotifier(failure)
    const again = batch([recordOf(alertOf('1'), 0)])
    await expect(sink.write(again)).rejects.toMatchObject({ name: 'RetryableError' })
    expect(await sink.write(again)).toEqual({ offset: 1, metadata: '' })
    expect(shown).toHaveLength(1)
    expect(outcomes).toEqual(['sent'])
    expect((await notifications()).at(-1)).toEqual([one, 'sent'])
  })

  it('drops what is past its deadline, and counts it', async () => {
    const { sink, shown, outcomes } = await startNotifier()
    const late = recordOf(alertOf('1', { deadlineMillis: 1_000 }), 0, now - 1_001)
    const just = recordOf(alertOf('2', { deadlineMillis: 1_000 }), 1, now - 1_000)
    await sink.write(batch([late, just]))
    expect(shown.map(({ alertId }) => alertId)).toEqual([two])
    expect(outcomes.sort()).toEqual(['expired', 'sent'])
    expect(await notifications()).toContainEqual([one, 'expired'])
  })

  it('counts the deadline from the log where nobody said when the listing was collected', async () => {
    const { sink, shown, latencies } = await startNotifier()
    await sink.write(batch([recordOf(alertOf('1'), 0, null)]))
    expect(shown).toEqual([{ alertId: one, latencyMillis: null }])
    expect(latencies).toEqual([])
  })

  it('shows an alert once that comes twice in one batch', async () => {
    const { sink, shown } = await startNotifier()
    await sink.write(batch([recordOf(alertOf('1'), 0), recordOf(alertOf('1'), 1)]))
    expect(shown).toHaveLength(1)
  })

  it('sends what is no alert to the dead letters, and goes on', async () => {
    const { sink, shown, outcomes } = await startNotifier()
    const garbage = { ...recordOf(alertOf('1'), 0), value: Buffer.from('garbage') }
    await sink.write(batch([garbage, recordOf(alertOf('2'), 1)]))
    expect(shown.map(({ alertId }) => alertId)).toEqual([two])
    expect(outcomes.sort()).toEqual(['rejected', 'sent'])
    const dead: LogRecord[] = []
    const following = await log.follow(['run.dead-letters'], (records) => void dead.push(...records))
    await following.caughtUp
    await following.stop()
    expect(dead.map(({ headers }) => headers['dead-letter-code'])).toEqual(['not_avro'])
  })
})
