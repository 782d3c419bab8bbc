import { describe, expect, it, vi } from 'vitest'
import { systemClock } from '#lib/clock/clock.ts'
import { FencedError } from '#lib/errors/errors.ts'
import type { NewRecord } from '#lib/stream/log.ts'
import { describeLog } from '#lib/stream/testing/log-contract.ts'
import { createMemoryLog } from './memory-log.ts'

describeLog('in memory', async () => {
  const log = createMemoryLog({ clock: systemClock })
  return {
    log,
    other: log,
    name: (stem) => stem,
    deleteRecords: async (topic, before) => log.deleteRecords({ topic, partition: 0 }, before),
    close: () => log.close(),
  }
})

describe('the memory log', () => {
  const topic = 'topic'
  const numbered = (count: number): NewRecord[] =>
    Array.from({ length: count }, (_, index) => ({ topic, key: `${index}`, value: Buffer.from('v') }))
  const logWith = async (options: Partial<Parameters<typeof createMemoryLog>[0]> = {}) => {
    const log = createMemoryLog({ clock: systemClock, ...options })
    await log.admin().createTopics([{ topic, partitions: 1 }])
    return log
  }

  it('expels a silent member: it learns at its next word, and joins again', async () => {
    const log = await logWith()
    await log.producer().send(numbered(1))
    const consumer = log.consumer({ group: 'group', topics: [topic], from: 'earliest' })
    const heartbeats: string[] = []
    await consumer.start(async (batch) => {
      if (heartbeats.length === 0) log.expel('group', consumer, 'frozen')
      await batch.heartbeat().then(
        () => heartbeats.push('member'),
        (error) => {
          heartbeats.push(error instanceof FencedError ? 'fenced' : 'odd')
          throw error
        },
      )
    })
    await log.idle()
    await consumer.stop()
    expect(heartbeats).toEqual(['fenced', 'member'])
  })

  it('joins again once its handler was fenced, however quiet its other partitions are', async () => {
    const log = createMemoryLog({ clock: systemClock })
    await log.admin().createTopics([{ topic, partitions: 2 }])
    await log.producer().send([{ ...numbered(1)[0]!, partition: 0 }])
    const consumer = log.consumer({ group: 'group', topics: [topic], from: 'earliest' })
    const epochs: number[] = []
    await consumer.start(async ({ epoch }) => {
      epochs.push(epoch)
      if (epochs.length === 1) throw new FencedError('another has taken it over')
    })
    await vi.waitFor(() => expect(epochs).toEqual([1, 2]))
    await consumer.stop()
  })

  it('is idle when everything visible is dealt with', async () => {
    const log = await logWith()
    let seen = 0
    const consumer = log.consumer({ group: 'group', topics: [topic], from: 'earliest' })
    await consumer.start(async ({ records }) => {
      await systemClock.sleep(2)
      seen += records.length
    })
    await log.producer().send(numbered(3_000))
    await log.idle()
    expect(seen).toBe(3_000)
    await consumer.stop()
  })

  it('forgets what every reader has behind it, where told to, and keeps offsets', async () => {
    const log = await logWith({ keep: 'until read' })
    const consumers = ['fast', 'slow'].map((group) => log.consumer({ group, topics: [topic], from: 'earliest' }))
    const [fast, slow] = consumers as [(typeof consumers)[0], (typeof consumers)[0]]
    for (const consumer of consumers) await consumer.start(async () => {})
    await log.producer().send(numbered(10_000))
    await log.idle()
    const firstOffset = async () => (await log.admin().offsets(topic))[0]
    await fast.commit({ topic, partition: 0 }, { offset: 10_000, metadata: '' })
    expect(await firstOffset()).toEqual({ partition: 0, first: 0, next: 10_000 })
    await slow.commit({ topic, partition: 0 }, { offset: 9_000, metadata: '' })
    expect(await firstOffset()).toEqual({ partition: 0, first: 9_000, next: 10_000 })
    for (const consumer of consumers) await consumer.stop()
  })

  it('hands over in the same order every time', async () => {
    const run = async () => {
      const log = createMemoryLog({ clock: systemClock })
      await log.admin().createTopics([
        { topic, partitions: 4 },
        { topic: 'out', partitions: 1 },
      ])
      const consumer = log.consumer({ group: 'group', topics: [topic], from: 'earliest', maxBytesPerPartition: 7 })
      const producer = log.producer()
      await consumer.start((batch) => producer.send(batch.records.map(({ key, value }) => ({ topic: 'out', key: key!, value }))))
      await log.producer().send(numbered(500))
      await log.idle()
      const keys: (string | null)[] = []
      const follower = await log.follow(['out'], (records) => void keys.push(...records.map(({ key }) => key)))
      await follower.caughtUp
      await log.close()
      await consumer.stop()
      return keys
    }
    const first = await run()
    expect(first).toHaveLength(500)
    expect(await run()).toEqual(first)
  })
})
