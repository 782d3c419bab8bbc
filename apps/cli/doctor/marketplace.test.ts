import { expect, test } from 'vitest'
import { createManualClock } from '#lib/clock/clock.ts'
import { startedSimulator } from '../../../tests/worlds/started-simulator.ts'
import { checkMarketplace } from './marketplace.ts'

/** The real client against the simulated marketplace, over a real socket. */

async function check(faults: object, apiKey = 'simulated') {
  const simulator = await startedSimulator({ SIMULATOR_SPECIAL_SHARE: '0.5' }, createManualClock(Date.parse('2026-11-23T00:00:00Z')))
  await simulator.faults(faults)
  const checks = await checkMarketplace({ AXIE_API_KEY: apiKey, MARKETPLACE_URL: `${simulator.url}/graphql` })
  return Object.fromEntries(checks.map(({ name, status, found }) => [name, `${status}: ${found}`]))
}

test('a marketplace that is as expected: every field came, or is null for a reason', { timeout: 30_000 }, async () => {
  const found = await check({})
  expect(found['gone fields']).toBe('ok: none')
  expect(found['new fields']).toBe('ok: none')
  expect(found['marketplace']).toMatch(/^ok: \d\d of \d\d fields came$/)
  expect(Object.values(found).filter((line) => line.startsWith('missing'))).toEqual([])
})

test('says which fields are gone before anything starts, and which of them are needed', { timeout: 30_000 }, async () => {
  const found = await check({ goneFields: ['title', 'Order.basePrice'], introspectionOff: true })
  expect(found['gone fields']).toContain('Axie.title')
  expect(found['needed fields']).toBe('missing: gone: Order.basePrice')
  expect(found['new fields']).toMatch(/^absent: not known/)
})

test('a key that is refused is said, with what to do', { timeout: 30_000 }, async () => {
  expect((await check({}, 'another'))['query listings']).toMatch(/^missing: the marketplace refused the API key/)
})
