import { setTimeout as pause } from 'node:timers/promises'
import { beforeEach, describe, expect, test } from 'vitest'
import { archiveEvents } from '#lib/archive/testing/archive-samples.ts'
import { systemClock } from '#lib/clock/clock.ts'
import { createMemoryRegistry } from '#lib/codec/registry.ts'
import { payloadOf, saleEvent } from '#lib/market/event.ts'
import { topicSettings } from '#lib/market/topics.ts'
import { compareSales } from '#lib/marketplace/history.ts'
import { createMemoryLog, type MemoryLog } from '#lib/stream/memory/memory-log.ts'
import type { Fault } from '#lib/stream/memory/transactions.ts'
import { createMortalLog } from '#lib/stream/testing/mortal-log.ts'
import type { Cancellation, Listing, Sale } from '#schemas/types.ts'
import { createWorld, expectOnce, newsOnly, ofKind, until } from '../../tests/worlds/collector-world.ts'

/** The whole collector against the simulated marketplace over a real socket, on a log in memory that a test can break. */

let fault: Fault
let log: MemoryLog
let world: ReturnType<typeof createWorld>

beforeEach(async () => {
  fault = () => {}
  log = createMemoryLog({ clock: systemClock, fault: (...where) => fault(...where) })
  await log.admin().createTopics(topicSettings('', { partitions: 1 }))
  world = createWorld({ log, registry: createMemoryRegistry() })
})

describe('a collector that starts', () => {
  test('goes on from its own archive where the marketplace’s list ends out of reach', async () => {
    const { simulator, settled } = await world.stillMarket()
    const client = simulator.client()
    const sales = new Map<string, Sale>()
    for (let from = 0, count = 100; count === 100; from += 100) {
      const page = await client.settledSales({ from, size: 100 })
      for (const sale of page.items.flatMap((entry) => entry.sales)) sales.set(sale.saleId, sale)
      count = page.count
    }
    const kept = [...sales.values()].sort(compareSales)
    const events = kept.map((sale) => saleEvent(sale, { observedAt: sale.soldAt, origin: 'live', source: 'synthetic' }))
    await archiveEvents(world.store, events)
    await simulator.faults({ offsetCap: 20 })
    const collector = await world.startCollector(simulator, { ...newsOnly, HISTORY_DAYS: '0.3' })
    await settled()
    await collector.stop()
    const all = await world.events()
    expectOnce(all)
    const history = ofKind(all, 'Sale').filter(({ origin }) => origin === 'backfill')
    const since = simulator.start - 0.3 * 86_400_000
    expect(history.map(({ eventTime }) => eventTime)).toEqual(kept.map(({ soldAt }) => soldAt).filter((soldAt) => soldAt >= since))
    const said = collector.logged.find(({ msg }) => msg === 'history is written')
    expect(said).toMatchObject({ complete: true, from: { archive: expect.toSatisfy((count: number) => count > 10) } })
  })

  test('writes history first, in order, each sale once; then what is live', async () => {
    const { simulator, pass, settled } = await world.stillMarket()
    const collector = await world.startCollector(simulator, newsOnly)
    await settled()
    for (let step = 0; step < 3; step++) {
      pass(20)
      await settled()
    }
    await collector.stop()
    const all = await world.events()
    expectOnce(all)
    const firstLive = all.findIndex(({ origin }) => origin === 'live')
    const history = all.slice(0, firstLive)
    expect(all.slice(firstLive).every(({ origin }) => origin === 'live')).toBe(true)
    const times = history.map(({ eventTime }) => eventTime)
    expect(times).toEqual(times.toSorted((a, b) => a - b))
    expect(history.every(({ observedAt, eventTime }) => observedAt === eventTime)).toBe(true)
    // What listings are priced with, before the first of them.
    expect(all.slice(firstLive, firstLive + 2).map((event) => payloadOf(event).kind)).toEqual(['ExchangeRate', 'LeaderboardSnapshot'])
    const { sales } = await simulator.stats()
    expect(ofKind(all, 'Sale')).toHaveLength(sales)
    expect(ofKind(all, 'Sale').some(({ origin }) => origin === 'live')).toBe(true)
  })

  test('writes every new listing once, with the moment its answer was held', async () => {
    const { simulator, pass, settled } = await world.stillMarket()
    const collector = await world.startCollector(simulator, newsOnly)
    await settled()
    const before = ofKind(await world.events(), 'Listing').length
    const { listings: listedBefore } = await simulator.stats()
    for (let step = 0; step < 60; step++) {
      pass(1)
      await until(
        'the collector has seen this minute',
        async () => (await collector.metrics.snapshot()).values['market_time_seconds'] === (simulator.start + (step + 1) * 60_000) / 1_000,
      )
    }
    await settled()
    await collector.stop()
    const listings = ofKind(await world.events(), 'Listing')
    expectOnce(listings)
    // Some are sold between two looks: nobody can know of those.
    const { listings: listedAfter } = await simulator.stats()
    expect(listings.length - before).toBeGreaterThan(0.97 * (listedAfter - listedBefore))
    expect(listings.length - before).toBeLessThanOrEqual(listedAfter - listedBefore)
    for (const { headers } of (await world.recordsOf('market.events')).filter((_, index) => index % 10 === 0)) {
      if (headers['collected-at'] !== undefined) expect(Math.abs(Number(headers['collected-at']) - systemClock.now())).toBeLessThan(60_000)
    }
    const records = await world.recordsOf('market.events')
    expect(records.filter(({ headers }) => headers['collected-at'] !== undefined)).toHaveLength(listings.length)
  })

  test('has no history to read where none is wanted', async () => {
    const { simulator, settled } = await world.stillMarket()
    const collector = await world.startCollector(simulator, { HISTORY_DAYS: '0', ...newsOnly })
    await settled()
    await collector.stop()
    expect((await world.events()).every(({ origin }) => origin === 'live')).toBe(true)
  })
})

describe('a collector that is killed', () => {
  test('in the middle of history goes on where it was', async () => {
    const { simulator, settled } = await world.stillMarket()
    const mortal = createMortalLog(log)
    // The first commit holds what could not be read of it, the second its first part.
    let commits = 0
    fault = (point) => {
      if (point === 'committed' && ++commits === 2) mortal.kill()
    }
    void world.startCollector(simulator, newsOnly, mortal.log)
    await until('the first part is written', async () => (await world.recordsOf('market.events')).length > 0)
    fault = () => {}
    const { sales } = await simulator.stats()
    expect((await world.events()).length).toBeLessThan(sales)
    const next = await world.startCollector(simulator, newsOnly)
    await until('it is live', () => next.health.report().conditions['sales']?.ready === true)
    await settled()
    const all = ofKind(await world.events(), 'Sale')
    expectOnce(all)
    expect(all).toHaveLength(sales)
    const history = all.filter(({ origin }) => origin === 'backfill').map(({ eventTime }) => eventTime)
    expect(history).toEqual(history.toSorted((a, b) => a - b))
  })

  test('again and again while the market runs, skips no sale and repeats nothing', async () => {
    const { simulator, pass, settled } = await world.stillMarket()
    for (let life = 0; life < 8; life++) {
      const mortal = createMortalLog(log)
      const collector = world.startCollector(simulator, newsOnly, mortal.log)
      const before = (await world.recordsOf('market.events')).length
      await until('something is written', async () => {
        pass(1)
        return (await world.recordsOf('market.events')).length > before + 5 * life
      })
      mortal.kill()
      void collector
    }
    await world.startCollector(simulator, newsOnly)
    await settled()
    const all = await world.events()
    expectOnce(all)
    expect(ofKind(all, 'Sale')).toHaveLength((await simulator.stats()).sales)
  })

  test('gives way to the one that takes over', async () => {
    const { simulator, pass, settled } = await world.stillMarket()
    const first = await world.startCollector(simulator, newsOnly)
    await settled()
    await world.startCollector(simulator, newsOnly)
    pass(30)
    await expect(first.finished).rejects.toThrow(expect.objectContaining({ name: 'FencedError' }))
    await settled()
    expectOnce(await world.events())
  })
})

describe('open asks', () => {
  test('are seen again by the sweep, and one that vanishes is a cancellation, once', async () => {
    const { simulator, pass } = await world.stillMarket()
    const collector = await world.startCollector(simulator)
    await until('the first look', async () => (await collector.count('Listing')) > 0)
    await simulator.faults({ vanishes: 1 })
    pass(20)
    const met = await collector.count('Listing')
    await until('the new ones are met', async () => (await collector.count('Listing')) > met + 20)
    pass(20)
    await until('their end', async () => (await collector.count('Cancellation')) > 5)
    await until('a sweep', async () => (await collector.count('AskSeen')) > 100)
    await collector.stop()
    const cancellations = ofKind(await world.events(), 'Cancellation')
    expectOnce(cancellations)
    const sold = new Set(ofKind(await world.events(), 'Sale').map((event) => (payloadOf(event).value as Sale).item.tokenId))
    expect(cancellations.some((event) => !sold.has((payloadOf(event).value as Cancellation).tokenId))).toBe(true)
  })
})

describe('a marketplace that says strange things', () => {
  test('costs a dead letter for each, once, and a line in the log; the rest goes on', async () => {
    const { simulator, pass, settled } = await world.stillMarket()
    const collector = await world.startCollector(simulator, newsOnly)
    await settled()
    await simulator.faults({
      brokenPrice: 0.1,
      missingField: 0.1,
      fieldError: 0.05,
      egg: 0.1,
      unknownPart: 0.1,
      unknownClass: 0.1,
      longGenes: 0.1,
      futureStart: 0.05,
    })
    for (let step = 0; step < 4; step++) {
      pass(20)
      await settled()
    }
    await collector.stop()
    const letters = await world.recordsOf('dead-letters')
    const codes = new Set(letters.map(({ headers }) => headers['dead-letter-code']))
    expect(codes).toEqual(new Set(['bad_price', 'missing_field', 'graphql_error']))
    for (const { value, headers } of letters)
      expect([typeof JSON.parse(String(value)), headers['dead-letter-topic']]).toEqual(['object', 'marketplace'])
    expect(new Set(letters.map(({ value }) => String(value))).size).toBe(letters.length)
    for (const code of codes) expect(collector.logged.filter((line) => line['code'] === code)).toHaveLength(1)

    const all = await world.events()
    expectOnce(all)
    const live = ofKind(all, 'Listing').map((event) => payloadOf(event).value as Listing)
    expect(live.some(({ item }) => item.parts.length === 0)).toBe(true)
    expect(live.some(({ item }) => item.class === 'Griffin')).toBe(true)
    expect(live.some(({ item }) => item.parts.includes('back-unicorn'))).toBe(true)
    expect(live.some(({ item }) => item.genes?.length === 130)).toBe(true)
    expect(ofKind(all, 'Listing').some(({ eventTime, observedAt }) => eventTime > observedAt + 3_600_000)).toBe(true)
    expect(ofKind(all, 'Sale')).toHaveLength((await simulator.stats()).sales)
  })

  test('in every answer loses nothing that it says right at last', async () => {
    const { simulator, pass, settled } = await world.stillMarket()
    const collector = await world.startCollector(simulator, newsOnly)
    await settled()
    await simulator.faults({ html: 0.1, cutBody: 0.1, unavailable: 0.1, duplicatePage: 0.1, duplicateItems: 0.1, shuffledPage: 0.2 })
    for (let step = 0; step < 10; step++) {
      pass(5)
      await pause(50)
    }
    await simulator.faults({})
    await settled()
    await collector.stop()
    const all = await world.events()
    expectOnce(all)
    expect(ofKind(all, 'Sale')).toHaveLength((await simulator.stats()).sales)
  })
})

describe('a marketplace that is away', () => {
  test('makes the collector not ready, and no more than that; when it is back, it goes on', async () => {
    const { simulator, pass, settled } = await world.stillMarket()
    const collector = await world.startCollector(simulator, newsOnly)
    await settled()
    expect(collector.health.report().ready).toBe(true)
    await simulator.faults({ unavailable: 1 })
    await until('it is noticed', () => !collector.health.report().conditions['listings']?.ready)
    const { conditions, alive } = collector.health.report()
    expect([alive, conditions['listings']]).toEqual([true, { ready: false, detail: expect.stringContaining('unavailable: ') }])
    pass(30)
    await simulator.faults({})
    await until('it is ready again', () => collector.health.report().ready)
    await settled()
    expect(ofKind(await world.events(), 'Sale')).toHaveLength((await simulator.stats()).sales)
    expect(collector.logged.filter(({ lane, level }) => lane === 'listings' && level === 'warn')).toHaveLength(1)
  })

  test('that refuses the key is an error that says what to do, once, without the key', async () => {
    const { simulator } = await world.stillMarket()
    const collector = await world.startCollector(simulator, { AXIE_API_KEY: 'not-the-key' })
    await until('it is noticed', () => collector.logged.some(({ level }) => level === 'error'))
    const errors = collector.logged.filter(({ level }) => level === 'error')
    expect(errors).toHaveLength(1)
    expect(errors[0]).toMatchObject({ code: 'unauthorized', msg: expect.stringContaining('AXIE_API_KEY') })
    expect(collector.health.report()).toMatchObject({ alive: true, ready: false })
    expect(JSON.stringify([collector.logged, collector.health.report()])).not.toContain('not-the-key')
    await collector.stop()
  })
})

test('metrics tell requests by result, events by kind, and when the newest listings were last seen', async () => {
  const { simulator, settled } = await world.stillMarket({ SIMULATOR_RATE_LIMIT_PER_SECOND: '100000' })
  const collector = await world.startCollector(simulator, newsOnly)
  await settled()
  const { values, latencies } = await collector.metrics.snapshot()
  expect(values['marketplace_requests_total{result=ok}']).toBeGreaterThan(20)
  expect(values['events_total{kind=Sale,origin=backfill}']).toBe((await simulator.stats()).sales)
  expect(values['marketplace_quota_remaining']).toBeGreaterThan(1_000)
  expect(values['market_time_seconds']).toBe(simulator.start / 1_000)
  expect(systemClock.now() / 1_000 - values['last_successful_poll_timestamp_seconds']!).toBeLessThan(10)
  expect(latencies['poll']!.n).toBeGreaterThan(3)
})
