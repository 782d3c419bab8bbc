import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { type Clock, systemClock } from '#lib/clock/clock.ts'
import { createCodec } from '#lib/codec/codec.ts'
import { createMemoryRegistry } from '#lib/codec/registry.ts'
import { topicSettings } from '#lib/market/topics.ts'
import { createMemoryLog } from '#lib/stream/memory/memory-log.ts'
import type { KeySpent } from '#schemas/types.ts'
import { createBudget } from './budget.ts'
import { createMarketplace } from './client.ts'
import { MarketplaceError } from './errors.ts'
import type { BudgetUser } from './shares.ts'
import { fingerprintOf, spentKey } from './spent.ts'
import { readSpentBook } from './spent-book.ts'
import { openSpentRecord } from './spent-record.ts'

const hour = 3_600_000
const prefix = 'run.'
const topic = `${prefix}marketplace.key`

/** A log that several processes share, and a clock that a test can move on. */
async function world() {
  let moved = 0
  const clock: Clock = { ...systemClock, now: () => systemClock.now() + moved, monotonic: () => systemClock.monotonic() + moved }
  const log = createMemoryLog({ clock: systemClock })
  const codec = createCodec({ registry: createMemoryRegistry() })
  await log.admin().createTopics(topicSettings(prefix, { partitions: 1 }))
  const troubles: string[] = []
  const open = async (user: BudgetUser, apiKey = 'the-key') => {
    const spent = await openSpentRecord({ log, codec, prefix, clock, apiKey, user, onTrouble: (problem) => troubles.push(problem) })
    onTestFinished(spent.close)
    return spent
  }
  const send = (key: string, value: Buffer | null) => log.producer().send([{ topic, key, value }])
  const write = async (record: KeySpent) => {
    await codec.prepare(['KeySpent'])
    await send(spentKey(record), codec.encode('KeySpent', record))
  }
  const pass = (millis: number): void => {
    moved += millis
  }
  return { log, codec, clock, open, send, write, troubles, pass }
}

/** Refuses the first requests for a while; counts what it was asked. */
async function marketplaceThatRefuses(times: number, retryAfterSeconds: number) {
  const asked = { count: 0 }
  const server = createServer((request, response) => {
    // The time that it would say is not that of a clock that was moved on.
    response.sendDate = false
    request.resume().on('end', async () => {
      asked.count++
      // Time enough for whoever else would ask meanwhile.
      await systemClock.sleep(50)
      const headers = { 'content-type': 'application/json' }
      if (asked.count > times) return response.writeHead(200, headers).end('{"data":{"exchangeRate":{"eth":{"usd":3000}}}}')
      const refusal = { ...headers, 'retry-after': String(retryAfterSeconds) }
      return response.writeHead(429, refusal).end('{"message":"API rate limit exceeded: no requests are left this day"}')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, asked }
}

type World = Awaited<ReturnType<typeof world>>

async function clientOf(user: BudgetUser, url: string, { open, clock }: Pick<World, 'open' | 'clock'>) {
  const spent = await open(user)
  const client = createMarketplace({
    ...{ url, leaderboardUrl: null, apiKey: 'the-key', clock, budget: createBudget({ clock, user, limits: noLimits, spent }) },
    ...{ requestsPerSecond: 1_000, concurrentRequests: 4, timeoutMillis: 5_000, attempts: 3, maxBodyBytes: 1e6, marketTimeHeader: null },
  })
  onTestFinished(client.close)
  return { spent, ask: () => client.exchangeRate() }
}
const noLimits = { perMinute: null, perDay: null }

/** So many at once, as the lanes of a collector do: what each came to. */
const askTogether = (ask: () => Promise<unknown>, count = 5): Promise<unknown[]> =>
  Promise.all(
    Array.from({ length: count }, () =>
      ask().then(
        () => 'answered',
        (error: unknown) => (error instanceof MarketplaceError ? error.code : error),
      ),
    ),
  )

describe('a day that is spent', () => {
  test('is told by the one who was refused, and kept to by all, without another request', async () => {
    const { url, asked } = await marketplaceThatRefuses(1, 5 * 3_600)
    const shared = await world()
    const [collector, dashboard] = [await clientOf('collector', url, shared), await clientOf('dashboard', url, shared)]
    await expect(dashboard.ask()).rejects.toThrow(/no requests are left this day/)
    await vi.waitFor(() => expect(collector.spent.waitMillis()).toBeGreaterThan(0))
    expect(await askTogether(collector.ask)).toEqual(Array(5).fill('rate_limited'))
    await expect(collector.ask()).rejects.toThrow(/spent until .*, as the dashboard was told: too many requests/)
    expect(asked.count).toBe(1)
  })

  test('is known after a restart, and then one request asks whether it is over', async () => {
    const { url, asked } = await marketplaceThatRefuses(2, 5 * 3_600)
    const shared = await world()
    const before = await clientOf('collector', url, shared)
    await expect(before.ask()).rejects.toThrow()
    await vi.waitFor(async () => expect((await readSpentBook({ ...shared, prefix })).holding()).toHaveLength(1))
    await before.spent.close()

    const after = await clientOf('collector', url, shared)
    expect(await askTogether(after.ask)).toEqual(Array(5).fill('rate_limited'))
    expect(asked.count).toBe(1)
    shared.pass(5 * hour)
    await askTogether(after.ask)
    expect(asked.count, 'one of five').toBe(2)
    shared.pass(5 * hour)
    expect(await askTogether(after.ask)).toContain('answered')
    await after.ask()
    expect(await askTogether(after.ask)).toEqual(Array(5).fill('answered'))
  })

  test('is taken back by a person for all who wait', async () => {
    const { url } = await marketplaceThatRefuses(1, 5 * 3_600)
    const shared = await world()
    const { ask, spent } = await clientOf('collector', url, shared)
    await expect(ask()).rejects.toThrow()
    await vi.waitFor(async () => expect((await readSpentBook({ ...shared, prefix })).logKeys()).toHaveLength(1))
    const book = await readSpentBook({ ...shared, prefix })
    for (const key of book.logKeys()) await shared.send(key, null)
    await vi.waitFor(() => expect(spent.waitMillis()).toBe(0))
    await ask()
  })
})

describe('a record that cannot be right', () => {
  test('stops nobody: garbage, far futures, another key, no value', async () => {
    const { open, send, write, troubles } = await world()
    const key = fingerprintOf('the-key')
    await send(`${key} all`, Buffer.from('no avro at all'))
    await send(`${key} all`, Buffer.alloc(0))
    await send('', null)
    const common = { share: null, at: 0, by: 'someone', reason: 'x'.repeat(10_000) }
    await write({ ...common, key, until: systemClock.now() + 400 * 24 * hour })
    await write({ ...common, key: fingerprintOf('another'), until: systemClock.now() + hour })
    const spent = await open('collector')
    expect(spent.waitMillis()).toBe(0)
    expect(troubles).toEqual([])
  })

  test('a log without the topic, or away, is waited for by nobody', async () => {
    const log = createMemoryLog({ clock: systemClock })
    const codec = createCodec({ registry: createMemoryRegistry() })
    const troubles: string[] = []
    const begun = systemClock.monotonic()
    const spent = await openSpentRecord({
      ...{ log, codec, prefix, clock: systemClock, apiKey: 'the-key', user: 'collector' },
      onTrouble: (problem) => troubles.push(problem),
    })
    onTestFinished(spent.close)
    expect(systemClock.monotonic() - begun).toBeLessThan(2_000)
    expect(troubles).toEqual([expect.stringMatching(/cannot be read, trying again/)])
    spent.tell({ share: null, millis: hour, reason: 'refused' })
    expect(spent.waitMillis()).toBeGreaterThan(hour - 10_000)
  })
})
