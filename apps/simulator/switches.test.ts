import { expect, test, vi } from 'vitest'
import { createManualClock } from '#lib/clock/clock.ts'
import { createBudget } from '#lib/marketplace/budget.ts'
import { startedSimulator } from '../../tests/worlds/started-simulator.ts'
import { createFaults } from './faults.ts'

/** What the simulated marketplace can be made to do, seen through the real client. */

vi.setConfig({ testTimeout: 30_000 })

const page = { from: 0, size: 100 }
const stillClock = () => createManualClock(Date.parse('2026-11-23T00:00:00Z'))

test('fields that are gone are refused, left out and unknown; all else goes on, also where they come back', async () => {
  const simulator = await startedSimulator({ SIMULATOR_SPECIAL_SHARE: '0.5' }, stillClock())
  const leftOut: string[] = []
  const client = simulator.client({ onFieldLeftOut: (field) => leftOut.push(field) })
  await simulator.faults({ goneFields: ['title', 'AxpInfo.level'] })
  const listings = await client.newestListings(page)
  expect(listings.rejects).toEqual([])
  expect(leftOut.toSorted()).toEqual(['Axie.title', 'AxieAxpInfo.level'])
  expect(listings.items.map(({ item }) => item.attributes?.title)).toEqual(listings.items.map(() => null))
  expect(listings.items.some(({ item }) => (item.attributes?.onchainLevel ?? 0) > 1)).toBe(true)
  await simulator.faults({})
  const other = simulator.client()
  expect((await other.newestListings(page)).items.some(({ item }) => item.attributes?.title === 'Origin')).toBe(true)
})

test('a field that is needed cannot be left out: the query fails, and says which', async () => {
  const simulator = await startedSimulator({}, stillClock())
  await simulator.faults({ goneFields: ['Order.basePrice'] })
  await expect(simulator.client().newestListings(page)).rejects.toThrow(/basePrice/)
})

test('introspection can be off: queries go on', async () => {
  const simulator = await startedSimulator({}, stillClock())
  await simulator.faults({ introspectionOff: true })
  const headers = { 'x-api-key': 'simulated', 'content-type': 'application/json' }
  const asked = await fetch(`${simulator.url}/graphql`, { method: 'POST', headers, body: '{"query":"{ __schema { types { name } } }"}' })
  expect(await asked.text()).toContain('introspection')
  expect((await simulator.client().newestListings(page)).items).toHaveLength(100)
})

test('a minute and a day have quotas: headers say what is left, a spent one is refused until it ends', async () => {
  const clock = stillClock()
  const simulator = await startedSimulator({ SIMULATOR_REQUESTS_PER_MINUTE: '3', SIMULATOR_REQUESTS_PER_DAY: '4' }, clock)
  const budget = createBudget({ clock, user: 'collector', limits: { perMinute: 1_000, perDay: 1_000 } })
  const client = simulator.client({ attempts: 1, budget })
  for (let count = 0; count < 3; count++) await client.newestListings({ from: 0, size: 1 })
  expect(budget.left()).toEqual({ minute: 0, day: 1 })
  const ask = () => simulator.client({ attempts: 1 }).exchangeRate()
  await expect(ask()).rejects.toMatchObject({ code: 'rate_limited', retryAfterMillis: 60_000 })
  clock.advanceTo(clock.now() + 60_000)
  await ask()
  await expect(ask()).rejects.toMatchObject({ code: 'rate_limited', retryAfterMillis: 86_340_000 })
})

test('an order that is signed anew has another number, a higher nonce and a price of its own', async () => {
  const clock = stillClock()
  const simulator = await startedSimulator({ SIMULATOR_SPEED: '60' }, clock)
  await simulator.faults({ resigned: 1 })
  const client = simulator.client()
  await client.newestListings(page)
  clock.advanceTo(clock.now() + 1_000)
  const first = (await client.newestListings(page)).items.find(({ ask }) => ask.startedAt > simulator.start)
  clock.advanceTo(clock.now() + 2_000)
  const [second] = (await client.newestListings(page)).items.filter(({ item }) => item.tokenId === first?.item.tokenId)
  expect(second?.listingId).not.toBe(first?.listingId)
  expect([first?.ask.nonce, second?.ask.nonce]).toEqual(['0', '1'])
  expect(BigInt(second?.ask.basePriceWei ?? 0)).toBe((BigInt(first?.ask.basePriceWei ?? 0) * 11n) / 10n)
})

test('sales can be indexed late: they show later, where they belong by their time', async () => {
  const clock = stillClock()
  const simulator = await startedSimulator({ SIMULATOR_SPEED: '60', SIMULATOR_SALES_PER_HOUR: '600' }, clock)
  await simulator.faults({ salesIndexedLateSeconds: 600 })
  const client = simulator.client()
  await client.newestListings(page)
  const newest = async () => (await client.settledSales(page)).items[0]?.newest.soldAt ?? 0
  expect(await newest()).toBeLessThanOrEqual(simulator.start - 600_000)
  clock.advanceTo(clock.now() + 10_000)
  expect(await newest()).toBeGreaterThan(simulator.start - 600_000)
})

test('a share is kept evenly: of a hundred cases of one in ten, nine to eleven', () => {
  for (let seed = 0; seed < 200; seed++)
    for (const [share, least, most] of [
      [0, 0, 0],
      [0.1, 9, 11],
      [0.3, 29, 31],
      [0.9, 89, 91],
      [1, 100, 100],
    ] as const) {
      const faults = createFaults({ html: { share } }, seed)
      const struck = Array.from({ length: 100 }, () => faults.strikes('html')).filter(Boolean).length
      expect(struck).toBeGreaterThanOrEqual(least)
      expect(struck).toBeLessThanOrEqual(most)
      expect(faults.served()['html'] ?? 0).toBe(struck)
    }
})

test('each switch tells how often a client was given what it does; one that was off tells nothing', async () => {
  const clock = stillClock()
  const simulator = await startedSimulator({ SIMULATOR_SPEED: '60', SIMULATOR_UNSOLD_SHARE: '4' }, clock)
  const client = simulator.client()
  await client.newestListings(page)
  expect((await simulator.stats()).served).toEqual({})
  const soon = { vanishesAfterSeconds: 60, indexedLateAfterSeconds: 60, resignedAfterSeconds: 60 }
  await simulator.faults({
    ...{ ...soon, vanishes: 0.3, indexedLate: 0.5, resigned: 0.5, egg: 0.5, longestPage: 50, offsetCap: 1_000 },
    ...{ goneFields: ['title'], salesIndexedLateSeconds: 600 },
  })
  for (let turn = 0; turn < 20; turn++) {
    clock.advanceTo(clock.now() + 500)
    await client.newestListings(page)
  }
  await client.newestListings({ from: 1_000, size: 10 })
  await client.settledSales(page)
  const { served } = await simulator.stats()
  const kinds = ['egg', 'goneFields', 'indexedLate', 'longestPage', 'offsetCap', 'resigned']
  expect(Object.keys(served).toSorted()).toEqual([...kinds, 'salesIndexedLateSeconds', 'vanishes'])
})
