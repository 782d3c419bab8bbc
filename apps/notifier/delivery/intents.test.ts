import { beforeEach, describe, expect, it } from 'vitest'
import { createManualClock } from '#lib/clock/clock.ts'
import { type Codec, createCodec } from '#lib/codec/codec.ts'
import { createMemoryRegistry } from '#lib/codec/registry.ts'
import { topicSettings } from '#lib/market/topics.ts'
import type { Log, LogRecord } from '#lib/stream/log.ts'
import { createMemoryLog, type MemoryLog } from '#lib/stream/memory/memory-log.ts'
import { createIntents } from './intents.ts'
import { nonceOf } from './nonce.ts'

const codec: Codec = createCodec({ registry: createMemoryRegistry() })
let log: MemoryLog

beforeEach(async () => {
  await codec.prepare(['Notification'])
  log = createMemoryLog({ clock: createManualClock(0) })
  await log.admin().createTopics(topicSettings('run.', { partitions: 1 }))
})

const open = (channel: string, follow: Log['follow'] = log.follow) =>
  createIntents({ log: { follow }, producer: log.producer(), codec, prefix: 'run.', channel })

describe('intents', () => {
  it('the newest word holds, across restarts, for one channel', async () => {
    const before = open('a')
    await before.record([{ alertId: 'x', status: 'intended' }], 1)
    await before.record([{ alertId: 'x', status: 'sent', messageId: '7' }], 2)
    await open('b').record([{ alertId: 'x', status: 'expired' }], 3)
    const after = open('a')
    await after.load()
    expect(after.find('x')).toMatchObject({ status: 'sent', messageId: '7', channel: 'a', at: 2 })
    expect(after.since(2)).toHaveLength(1)
    expect(after.since(3)).toHaveLength(0)
  })

  it('reading the past again never makes it the present: neither while it is read nor after', async () => {
    const seen: unknown[] = []
    const intents = open('a', (topics, onRecords) =>
      log.follow(topics, async (records) => {
        for (const record of records) {
          await onRecords([record])
          seen.push(intents.find('x')?.status)
        }
        // Said while the past is being read: newer than all of it.
        if (seen.length === 2) await intents.record([{ alertId: 'y', status: 'sent' }], 5)
      }),
    )
    await intents.record([{ alertId: 'x', status: 'intended', detail: 'held' }], 1)
    await intents.record([{ alertId: 'x', status: 'sent' }], 2)
    await intents.load()
    expect(seen.slice(0, 2)).toEqual(['sent', 'sent'])
    expect(intents.find('x')?.status).toBe('sent')
    expect(intents.find('y')?.status).toBe('sent')
  })

  it('an intent that comes too late is not all that compaction leaves of an alert that was told', async () => {
    const as = (writer: string) => createIntents({ log, producer: log.producer(), codec, prefix: 'run.', channel: 'a', writer })
    const [first, late] = [as('first'), as('late')]
    await first.claim([{ alertId: 'x' }], 1)
    await first.record([{ alertId: 'x', status: 'sent', messageId: '7' }], 2)
    expect(await late.claim([{ alertId: 'x' }], 3)).toEqual(new Set())
    const records: LogRecord[] = []
    const following = await log.follow(['run.notifications'], (read) => void records.push(...read))
    await following.caughtUp
    await following.stop()
    const left = [...new Map(records.map((record) => [record.key, record])).values()]
    const words = await Promise.all(left.map(({ value }) => codec.decode('Notification', value!)))
    expect(words.map(({ status, writer }) => [status, writer])).toEqual([
      ['intended', 'first'],
      ['sent', 'first'],
      ['intended', 'late'],
    ])
  })

  it('a nonce is a function of alert and channel, as long as Discord allows', () => {
    expect(nonceOf('x', 'a')).toBe(nonceOf('x', 'a'))
    expect(nonceOf('x', 'a')).not.toBe(nonceOf('x', 'b'))
    expect(nonceOf('x', 'a')).toHaveLength(25)
  })
})
