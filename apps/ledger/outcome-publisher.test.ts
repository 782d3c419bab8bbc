import { beforeEach, describe, expect, it, vi } from 'vitest'
import { systemClock } from '#lib/clock/clock.ts'
import { type Codec, createCodec } from '#lib/codec/codec.ts'
import { createMemoryRegistry } from '#lib/codec/registry.ts'
import { RetryableError } from '#lib/errors/errors.ts'
import { topicSettings } from '#lib/market/topics.ts'
import { outcomeOf } from '#lib/outcomes/outcome-of.ts'
import { createMemoryLog, type MemoryLog } from '#lib/stream/memory/memory-log.ts'
import type { Outcome } from '#schemas/types.ts'
import { createOutcomePublisher } from './outcome-publisher.ts'

const codec: Codec = createCodec({ registry: createMemoryRegistry() })
let log: MemoryLog

beforeEach(async () => {
  await codec.prepare(['Outcome'])
  log = createMemoryLog({ clock: systemClock })
  await log.admin().createTopics(topicSettings('run.', { partitions: 1 }))
})

const bet = {
  id: 'a',
  kind: 'alert',
  listingId: 'l',
  tokenId: '1',
  breedCount: 0,
  startedAt: 0,
  rule: 'r',
  source: 'recorded',
  rejectedFor: null,
} as const
const nothing = { sales: [], offers: [], cancellations: [] }
const outcome = (change: Partial<Outcome> = {}): Outcome => ({
  ...outcomeOf({ ...bet, alertedAt: 0, askUsd: 1, askEth: 1, forecastUsd: 2 }, nothing, {
    clock: 0,
    bought: false,
    heldBack: null,
    feeRatio: 0,
  }),
  ...change,
})

const written = async (): Promise<string[]> => {
  const found: string[] = []
  const following = await log.follow(['run.outcomes'], async (records) => {
    for (const { value } of records) found.push((await codec.decode('Outcome', value!)).status)
  })
  await following.caughtUp
  await following.stop()
  return found
}

const start = async (failures = 0) => {
  let left = failures
  const producer = log.producer()
  const failing = {
    ...producer,
    send: (records: never) => (left-- > 0 ? Promise.reject(new RetryableError('away')) : producer.send(records)),
  }
  const publisher = createOutcomePublisher({
    log: { follow: log.follow, producer: () => failing },
    codec,
    prefix: 'run.',
    clock: systemClock,
  })
  await publisher.load()
  return publisher
}

describe('publisher of outcomes', () => {
  it('writes nothing that was not followed to the present', async () => {
    const publisher = await start()
    publisher.revise([outcome()])
    publisher.stop()
    await publisher.finished
    expect(await written()).toEqual([])
  })

  it('writes the newest of what was revised, and the same never twice, not even after a restart', async () => {
    const first = await start()
    first.revise([outcome(), outcome({ status: 'gone' })])
    first.begin()
    await vi.waitFor(async () => expect(await written()).toEqual(['gone']))
    first.revise([outcome({ status: 'gone' })])
    first.stop()
    await first.finished
    const second = await start()
    second.begin()
    second.revise([outcome({ status: 'gone' }), outcome({ status: 'resold', alertId: 'b' })])
    second.stop()
    await second.finished
    expect(await written()).toEqual(['gone', 'resold'])
  })

  it('leaves a final one as it is', async () => {
    const publisher = await start()
    publisher.begin()
    publisher.revise([outcome({ status: 'censored', isFinal: true })])
    await vi.waitFor(async () => expect(await written()).toEqual(['censored']))
    publisher.revise([outcome({ status: 'open' })])
    publisher.stop()
    await publisher.finished
    expect(await written()).toEqual(['censored'])
  })

  it('waits where the log is unwell, and can be stopped while it waits', async () => {
    const publisher = await start(2)
    publisher.begin()
    publisher.revise([outcome()])
    await vi.waitFor(async () => expect(await written()).toEqual(['open']), { timeout: 5_000 })
    publisher.stop()
    await publisher.finished
    const stuck = await start(1_000)
    stuck.begin()
    stuck.revise([outcome({ status: 'gone' })])
    stuck.stop()
    await stuck.finished
    expect(await written()).toEqual(['open'])
  })
})
