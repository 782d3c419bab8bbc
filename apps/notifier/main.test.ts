import { afterEach, describe, expect, it, vi } from 'vitest'
import { createEmbeddedContext } from '#lib/app/testing/embedded-context.ts'
import { systemClock } from '#lib/clock/clock.ts'
import type { Codec } from '#lib/codec/codec.ts'
import { sampleAlert } from '#lib/stages/testing/alert-samples.ts'
import type { Consumer } from '#lib/stream/log.ts'
import type { MemoryLog } from '#lib/stream/memory/memory-log.ts'
import { app } from './main.ts'

const send = async (log: MemoryLog, codec: Codec, alertId: string) => {
  await codec.prepare(['Alert'])
  const value = codec.encode('Alert', { ...sampleAlert(), alertId })
  await log.producer().send([{ topic: 'run.alerts', key: alertId, value, headers: { 'collected-at': String(systemClock.now() - 30) } }])
}

const listenTo = (stream: NodeJS.WriteStream) => {
  const written: string[] = []
  vi.spyOn(stream, 'write').mockImplementation((text) => written.push(String(text)) > 0)
  return written
}

describe('notifier', () => {
  afterEach(() => {
    vi.restoreAllMocks()
  })

  it('prints each alert once, across restarts, and measures how long it took', async () => {
    const first = await createEmbeddedContext(app.settings, { env: { CARD_FORMAT: 'line' } })
    const written = listenTo(process.stdout)
    const before = await app.start(first)
    await send(first.log, first.codec, 'axie:1:1:default')
    await vi.waitFor(() => expect(written).toHaveLength(1))
    await before.stop()
    const after = await app.start(await createEmbeddedContext(app.settings, { env: { CARD_FORMAT: 'line' }, shared: first }))
    await send(first.log, first.codec, 'axie:2:1:default')
    await send(first.log, first.codec, 'axie:1:1:default')
    await vi.waitFor(async () => {
      const { next } = (await first.log.admin().offsets('run.notifications'))[0]!
      expect(next).toBeGreaterThanOrEqual(4)
    })
    await after.stop()
    expect(written).toHaveLength(2)
    const { latencies } = await first.metrics.snapshot()
    expect(latencies['listing_to_alert']).toMatchObject({ n: 1 })
    expect(latencies['listing_to_alert']!.p50).toBeGreaterThanOrEqual(29)
  })

  it('prints nothing that is beyond a limit, and says which', async () => {
    const context = await createEmbeddedContext(app.settings, { env: { CARD_FORMAT: 'line', LIMIT_PER_TRADE: '79' } })
    const { log, codec } = context
    const written = listenTo(process.stdout)
    const running = await app.start(context)
    await send(log, codec, 'axie:1:1:default')
    const said: string[] = []
    const following = await log.follow(['run.notifications'], async (records) => {
      for (const { value } of records) {
        const { status, detail } = await codec.decode('Notification', value as Buffer)
        said.push(`${status}: ${detail}`)
      }
    })
    await vi.waitFor(() => expect(said).toEqual(['limited: limit perTrade: with it $80.00, at most $79.00']))
    await following.stop()
    await running.stop()
    expect(written).toEqual([])
  })

  it.each(['rebalance', 'expelled'] as const)(
    'prints an alert once though the member is told to join again while its intent is written: %s',
    { timeout: 20_000 },
    async (how) => {
      const context = await createEmbeddedContext(app.settings, { env: { CARD_FORMAT: 'line' } })
      const { log } = context
      const written = listenTo(process.stdout)
      const consumers: Consumer[] = []
      const { producer: realProducer, consumer: realConsumer } = log
      const gate = Promise.withResolvers<void>()
      let writing = 0
      log.consumer = (options) => {
        const consumer = realConsumer(options)
        consumers.push(consumer)
        return consumer
      }
      log.producer = () => {
        const producer = realProducer()
        return {
          ...producer,
          async send(records) {
            const isIntent = records.some(({ topic }) => topic === 'run.notifications')
            if (isIntent && ++writing === 1) await gate.promise
            await producer.send(records)
          },
        }
      }
      const running = await app.start(context)
      await send(log, context.codec, 'axie:1:1:default')
      await vi.waitFor(() => expect(writing).toBe(1))
      if (how === 'rebalance') log.rebalance('run.notifier')
      else log.expel('run.notifier', consumers[0]!, 'frozen')
      // The same alert is in the hands of the new assignment by now, or waits for the old one's.
      await systemClock.sleep(300)
      gate.resolve()
      await send(log, context.codec, 'axie:2:1:default')
      await vi.waitFor(() => expect(written).toHaveLength(2), { timeout: 10_000 })
      await running.stop()
      expect(written).toHaveLength(2)
    },
  )

  it('only measures when nothing is to be shown', async () => {
    const context = await createEmbeddedContext(app.settings, { env: { CARD_FORMAT: 'none' } })
    const written = listenTo(process.stdout)
    const running = await app.start(context)
    await send(context.log, context.codec, 'axie:1:1:default')
    await vi.waitFor(async () => expect((await context.metrics.snapshot()).latencies['listing_to_alert']?.n).toBe(1))
    await running.stop()
    expect(written).toEqual([])
    expect((await context.log.admin().offsets('run.notifications'))[0]).toMatchObject({ next: 0 })
  })
})
