import { describe, expect, test } from 'vitest'
import { systemClock } from '#lib/clock/clock.ts'
import { createCodec } from '#lib/codec/codec.ts'
import { createMemoryRegistry } from '#lib/codec/registry.ts'
import { controlRecord, followControls } from '#lib/decisions/controls.ts'
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
      for (const { value, timestamp } of records) publisher.observe(await codec.decode('MarketEvent', value as Buffer), timestamp)
    })
    const following = await log.follow(['controls'], async (records) => {
      for (const { value, timestamp } of records) publisher.heard(await codec.decode('Control', value as Buffer), timestamp)
    })
    await Promise.all([heard.caughtUp, following.caughtUp])
    for (const at of [noon - day, clock]) publisher.observe(marketAt(at), systemClock.now())
    publisher.begin()
    for (const deadline = systemClock.monotonic() + 5_000; !holds() && systemClock.monotonic() < deadline; ) await systemClock.sleep(2)
    publisher.stop()
    await publisher.finished
    await heard.stop()
    await following.stop()
  }
  /** In a millisecond of its own: what was written before is older. */
  async function tell(kind: 'pause_rule' | 'resume_rule') {
    await systemClock.sleep(2)
    const control = { kind, subject: 'default', by: 'ada', reason: null, at: systemClock.now() }
    await log.producer().send([controlRecord(codec, '', control)])
    await systemClock.sleep(2)
  }
  return { live, tell, evidence, pausedRules: () => [...controls.state().pausedRules.values()] }
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

  const losing = (name: string, count: number, at: number) =>
    Array.from({ length: count }, (_, index) => resold(`${name} ${index}`, -1, at))

  test('a rule that people resumed begins to count anew: a few bad days do not pause it again, and no start forgets their word', async () => {
    const { live, tell, evidence, pausedRules } = await world()
    const first = losing('first', 25, noon)
    await live(first, noon + day, () => evidence.length === 1)
    expect(pausedRules()).toMatchObject([{ by: 'ledger' }])
    await tell('resume_rule')
    const second = [...first, ...losing('second', 5, noon + day)]
    await live(second, noon + 2 * day, () => evidence.length === 2)
    expect(evidence[1]).toMatchObject({ matured: 5, vetoes: false })
    expect(pausedRules()).toEqual([])
    // Five bad ones are known by now, of a state that began anew: not thirty.
    const third = [...second, ...losing('third', 10, noon + 2 * day)]
    await live(third, noon + 3 * day, () => evidence.length === 3)
    expect(evidence[2]).toMatchObject({ matured: 10, vetoes: false })
    await live(
      [...third, ...losing('fourth', 15, noon + 3 * day)],
      noon + 4 * day,
      () => evidence.length === 4 && pausedRules().length === 1,
    )
    expect(evidence[3]).toMatchObject({ vetoes: true })
    expect(pausedRules()).toMatchObject([{ by: 'ledger', reason: expect.stringContaining('0 of its 30 alerts gained') }])
  })

  test('what people paused stays paused, however well it does', async () => {
    const { live, tell, evidence, pausedRules } = await world()
    const bad = losing('bad', 25, noon)
    await live(bad, noon + day, () => evidence.length === 1)
    await tell('pause_rule')
    const good = Array.from({ length: 30 }, (_, at) => resold(`good ${at}`, 5, noon + day))
    await live([...bad, ...good], noon + 2 * day, () => evidence.length === 2)
    expect(evidence[1]?.vetoes).toBe(false)
    expect(pausedRules()).toMatchObject([{ by: 'ada' }])
  })
})
