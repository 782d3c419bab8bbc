import { describe, expect, test } from 'vitest'
import { systemClock } from '#lib/clock/clock.ts'
import { createCodec } from '#lib/codec/codec.ts'
import { createMemoryRegistry } from '#lib/codec/registry.ts'
import { followControls } from '#lib/decisions/controls.ts'
import { exchangeRateEvent, payloadOf } from '#lib/market/event.ts'
import { topicSettings } from '#lib/market/topics.ts'
import { createMoneyBook } from '#lib/outcomes/money-book.ts'
import { createMemoryLog } from '#lib/stream/memory/memory-log.ts'
import type { MoneyEvidence, Outcome } from '#schemas/types.ts'
import { createMoneyPublisher } from './money-publisher.ts'

const day = 86_400_000
const noon = Date.parse('2026-11-01T12:00:00Z')
const resold = (id: string, netUsd: number, at: number) =>
  ({ alertId: id, kind: 'alert', rule: 'default', status: 'resold', alertedAt: at, resoldAt: at, netUsd }) as Outcome
const marketAt = (observedAt: number) => exchangeRateEvent({ ethUsd: 3_000 }, { observedAt, origin: 'live', source: 'live' })

async function world() {
  const log = createMemoryLog({ clock: systemClock })
  const codec = createCodec({ registry: createMemoryRegistry() })
  await log.admin().createTopics(topicSettings('', { partitions: 1 }))
  await codec.prepare(['MarketEvent', 'Control'])
  const evidence: MoneyEvidence[] = []
  await log.follow(['market.events'], async (records) => {
    for (const { value } of records) {
      const payload = payloadOf(await codec.decode('MarketEvent', value as Buffer))
      if (payload.kind === 'MoneyEvidence') evidence.push(payload.value)
    }
  })
  const controls = await followControls({ log, codec, prefix: '' })

  /** A ledger's life: it hears of these outcomes, and of the market up to then. */
  async function live(outcomes: readonly Outcome[], clock: number, holds: () => boolean) {
    const book = createMoneyBook()
    const publisher = createMoneyPublisher({ log, codec, prefix: '', clock: systemClock, book })
    book.note(outcomes)
    const heard = await log.follow(['market.events'], async (records) => {
      for (const { value } of records) publisher.observe(await codec.decode('MarketEvent', value as Buffer))
    })
    await heard.caughtUp
    for (const at of [noon - day, clock]) publisher.observe(marketAt(at))
    publisher.begin()
    for (const deadline = systemClock.monotonic() + 5_000; !holds() && systemClock.monotonic() < deadline; ) await systemClock.sleep(2)
    publisher.stop()
    await publisher.finished
    await heard.stop()
  }
  return { live, evidence, pausedRules: () => [...controls.state().pausedRules.values()] }
}

describe('what a rule earned, in the log', () => {
  test('is written once for each day that is over, also by a ledger that was started again', async () => {
    const { live, evidence } = await world()
    const first = [resold('a', 10, noon), resold('b', -3, noon)]
    await live(first, noon + day, () => evidence.length === 1)
    await live([...first, resold('c', 5, noon + day)], noon + 2 * day, () => evidence.length === 2)
    expect(evidence).toMatchObject([
      { rule: 'default', day: '2026-11-01', matured: 2, gained: 1, gainUsd: 10, lossUsd: 3, vetoes: false },
      { rule: 'default', day: '2026-11-02', matured: 1, gained: 1, vetoes: false },
    ])
  })

  test('pauses the posts of a rule whose alerts stop gaining, says why, and resumes them when they gain again', async () => {
    const { live, evidence, pausedRules } = await world()
    const bad = Array.from({ length: 25 }, (_, at) => resold(`bad ${at}`, at < 3 ? 5 : -1, noon))
    await live(bad, noon + day, () => evidence.length === 1)
    expect(evidence[0]?.vetoes).toBe(true)
    expect(pausedRules()).toMatchObject([
      {
        subject: 'default',
        by: 'ledger',
        reason: expect.stringContaining('3 of its 25 alerts gained, and 50% were promised. Its posts resume'),
      },
    ])
    const good = Array.from({ length: 30 }, (_, at) => resold(`good ${at}`, at < 24 ? 5 : -1, noon + day))
    await live([...bad, ...good], noon + 2 * day, () => evidence.length === 2 && pausedRules().length === 0)
    expect(evidence[1]?.vetoes).toBe(false)
    expect(pausedRules()).toEqual([])
  })
})
