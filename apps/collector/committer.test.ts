import { beforeEach, describe, expect, test } from 'vitest'
import { systemClock } from '#lib/clock/clock.ts'
import { type Codec, createCodec } from '#lib/codec/codec.ts'
import { createMemoryRegistry } from '#lib/codec/registry.ts'
import { FencedError, RetryableError } from '#lib/errors/errors.ts'
import { listingEvent } from '#lib/market/event.ts'
import { topicSettings } from '#lib/market/topics.ts'
import type { Reject } from '#lib/marketplace/page.ts'
import type { LogRecord } from '#lib/stream/log.ts'
import { createMemoryLog, type MemoryLog } from '#lib/stream/memory/memory-log.ts'
import type { Fault } from '#lib/stream/memory/transactions.ts'
import { createTransactionalWriter } from '#lib/stream/runtime/transactional-writer.ts'
import { createLogger } from '#lib/telemetry/logger.ts'
import type { CollectorState, Listing } from '#schemas/types.ts'
import { type Committer, openCommitter } from './committer.ts'
import type { Decision } from './decision.ts'
import { decideListings } from './processor.ts'
import { at, collecting, listing, reading } from './testing/market-samples.ts'

let fault: Fault
let log: MemoryLog
let codec: Codec

beforeEach(async () => {
  fault = () => {}
  log = createMemoryLog({ clock: systemClock, fault: (...where) => fault(...where) })
  await log.admin().createTopics(topicSettings('', { partitions: 1 }))
  codec = createCodec({ registry: createMemoryRegistry() })
  await codec.prepare(['MarketEvent', 'CollectorState'])
})

const open = (onRetry: (error: Error) => void = () => {}): Promise<Committer> =>
  openCommitter({
    writer: createTransactionalWriter({
      log,
      clock: systemClock,
      logger: createLogger('test', 'silent'),
      transactionalId: 'collector',
      state: { topic: 'collector.state', key: 'axie' },
    }),
    codec,
    prefix: '',
    backOff: async () => {},
    onCommitted: () => {},
    onRetry,
  })

async function read(topic: string): Promise<LogRecord[]> {
  const found: LogRecord[] = []
  const follower = await log.follow([topic], (records) => void found.push(...records))
  await follower.caughtUp
  await follower.stop()
  return found
}
const eventIds = async (): Promise<string[]> =>
  Promise.all((await read('market.events')).map(async ({ value }) => (await codec.decode('MarketEvent', value!)).eventId))

const listed =
  (...listings: readonly Listing[]) =>
  (state: CollectorState): Decision =>
    decideListings(state, reading(100, listings), { ...collecting, memory: { capacity: 50, firstLookMillis: 1e9 } })
const idOf = ({ listingId }: Listing): string => `listing:${listingId}`

describe('a commit', () => {
  test('writes events and state together, and the next collector stands where this one stood', async () => {
    const committer = await open()
    await committer.commit(listed(listing(1, 10), listing(2, 20)))
    expect(await eventIds()).toEqual([idOf(listing(1, 10)), idOf(listing(2, 20))])
    expect((await open()).state()).toEqual(committer.state())
    expect(committer.state().recentListingIds).toHaveLength(2)
  })

  test('of many decisions at a time takes each on the state of the one before', async () => {
    const committer = await open()
    await Promise.all([listed(listing(1, 10)), listed(listing(1, 10), listing(2, 20)), listed(listing(2, 20))].map(committer.commit))
    expect(await eventIds()).toEqual([idOf(listing(1, 10)), idOf(listing(2, 20))])
  })

  test('of nothing writes nothing', async () => {
    const committer = await open()
    const before = await read('collector.state')
    await committer.commit(listed())
    expect(await read('collector.state')).toEqual(before)
  })

  test('tells latency from the moment the answer was held, on listings', async () => {
    const committer = await open()
    await committer.commit(listed(listing(1, 10)))
    expect((await read('market.events'))[0]).toMatchObject({ key: 'axie', headers: { 'collected-at': '777' } })
  })

  test('puts a reject into the dead letters, in the words of the marketplace', async () => {
    const committer = await open()
    const reject: Reject = {
      key: 'k',
      code: 'bad_price',
      message: 'order.currentPrice: expected …',
      tokenId: '7',
      raw: '{"id":"7","price":"-1"}',
    }
    await committer.commit((state) => ({ events: [], rejects: [reject], state: { ...state } }))
    const [letter] = await read('dead-letters')
    expect(String(letter?.value)).toBe(reject.raw)
    expect(letter).toMatchObject({
      key: 'axie:7',
      headers: {
        'dead-letter-app': 'collector',
        'dead-letter-topic': 'marketplace',
        'dead-letter-code': 'bad_price',
        'dead-letter-message': reject.message,
      },
    })
  })

  test('puts an event that does not fit the schema into the dead letters, and the others through', async () => {
    const committer = await open()
    const broken = listingEvent({ ...listing(1, 10), seller: 7 as never }, { observedAt: at(1), origin: 'live', source: 'recorded' })
    const good = listingEvent(listing(2, 20), { observedAt: at(1), origin: 'live', source: 'recorded' })
    await committer.commit((state) => ({
      events: [broken, good].map((event) => ({ event, collectedAt: null })),
      rejects: [],
      state: { ...state },
    }))
    expect(await eventIds()).toEqual([good.eventId])
    expect(await read('dead-letters')).toMatchObject([{ headers: { 'dead-letter-code': 'unencodable' } }])
  })
})

describe('a commit whose outcome is unknown', () => {
  test.each(['send', 'sent', 'committed'] as const)(
    'when it failed when it was %s, is settled by the log: each event once',
    async (point) => {
      const retries: Error[] = []
      const committer = await open((error) => retries.push(error))
      await committer.commit(listed(listing(1, 10)))
      let failures = 2
      fault = (where) => {
        if (where === point && failures-- > 0) throw new RetryableError('no answer')
      }
      await Promise.all([committer.commit(listed(listing(2, 20))), committer.commit(listed(listing(3, 30)))])
      expect(retries.length).toBeGreaterThan(0)
      expect((await eventIds()).sort()).toEqual([listing(1, 10), listing(2, 20), listing(3, 30)].map(idOf))
      expect(committer.state()).toEqual((await open()).state())
    },
  )
})

test('one that a broker has fenced, and no other collector, goes on, each event once', async () => {
  const committer = await open()
  await committer.commit(listed(listing(1, 10)))
  let failures = 1
  fault = (where) => {
    if (where === 'sent' && failures-- > 0) throw new FencedError('the transaction has expired')
  }
  await committer.commit(listed(listing(2, 20)))
  expect(await eventIds()).toEqual([listing(1, 10), listing(2, 20)].map(idOf))
})

test('a collector that was taken over from writes nothing more, and says so', async () => {
  const [first, second] = [await open(), await open()]
  await expect(first.commit(listed(listing(1, 10)))).rejects.toThrow(FencedError)
  await second.commit(listed(listing(1, 10)))
  expect(await eventIds()).toEqual([idOf(listing(1, 10))])
})
