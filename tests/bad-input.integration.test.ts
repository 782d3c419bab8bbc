import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { systemClock } from '#lib/clock/clock.ts'
import { listingEvent, marketKey } from '#lib/market/event.ts'
import { topicName } from '#lib/market/topics.ts'
import { deadLetterHeaders } from '#lib/stream/dead-letter.ts'
import type { Follower, LogRecord } from '#lib/stream/log.ts'
import type { Ask, Item, Listing, MarketEvent } from '#schemas/types.ts'
import { createFeed, feedRecord } from './market-feed.ts'
import { createPipeline, type Pipeline } from './pipeline.ts'
import { runPrefix } from './run-prefix.ts'

/** Every kind of bad record in market.events, with good listings around it: the bad ones end as dead letters, each with its reason. */

let pipeline: Pipeline
let following: Follower
const scored = new Set<string>()
const dead: LogRecord[] = []

beforeAll(async () => {
  const servers = { brokers: inject('brokers'), registryUrl: inject('registryUrl'), s3: inject('s3') }
  pipeline = await createPipeline({ servers, prefix: runPrefix('bad-input'), onProgress: console.error })
  const { prefix, backend } = pipeline
  await pipeline.ready(['enricher', 'featurizer', 'scorer'].map((name) => pipeline.start(name)))
  following = await backend.log.follow([topicName(prefix, 'listings.scored'), topicName(prefix, 'dead-letters')], async (records) => {
    for (const record of records) {
      if (record.topic.endsWith('dead-letters')) dead.push(record)
      else scored.add((await backend.codec.decode('ScoredListing', record.value as Buffer)).listing.listingId)
    }
  })
}, 180_000)

afterAll(async () => {
  await following?.stop()
  await pipeline?.close()
})

const future = 6 * 60_000

type Change = Readonly<{ item?: Partial<Item>; ask?: Partial<Ask>; event?: Partial<MarketEvent> }>

const refused: readonly (readonly [string, string, Change])[] = [
  ['an unknown class', 'unknown_class', { item: { class: 'Dragon' } }],
  [
    'parts of which nobody tells where they sit',
    'unknown_part',
    { item: { parts: ['wings-of-glass', 'fins-of-tin', 'mouth-risky-fish', 'horn-oranda', 'back-anemone', 'tail-koi'] } },
  ],
  ['a price of zero', 'bad_price', { ask: { currentPriceWei: '0', currentPriceUsd: '0' } }],
  ['a negative price', 'bad_price', { ask: { currentPriceWei: '-1' } }],
  ['a price of 10^40', 'bad_price', { ask: { currentPriceWei: `1${'0'.repeat(40)}` } }],
  ['a price that is no number', 'bad_price', { ask: { currentPriceWei: 'NaN' } }],
  ['a breed count below zero', 'bad_breed_count', { item: { breedCount: -1 } }],
]

test('each kind of bad record is a dead letter with its reason, and every good listing around them is scored', async () => {
  const { prefix, backend, playFrom } = pipeline
  const { codec } = backend
  await codec.prepare(['MarketEvent'])
  const good = createFeed({ start: playFrom, historyHours: 24, listings: 60, everyMillis: 1_000, askShare: 0.9 })
  const [first, ...others] = good.listings as [MarketEvent, ...MarketEvent[]]
  const changed = ({ item, ask, event }: Change, index: number): MarketEvent => {
    const listing = (others[index]!.payload as { 'flipstream.Listing': Listing })['flipstream.Listing']
    const listingId = `axie:9${index}:${listing.ask.startedAt}`
    const bad = { ...listing, listingId, item: { ...listing.item, tokenId: `9${index}`, ...item }, ask: { ...listing.ask, ...ask } }
    return { ...listingEvent(bad, { observedAt: listing.ask.startedAt, origin: 'live', source: 'synthetic' }), ...event }
  }
  const raw = (value: Buffer) => ({ topic: topicName(prefix, 'market.events'), key: marketKey, value })
  const events = (list: readonly MarketEvent[]) => list.map((event) => feedRecord(codec, prefix, event))
  const late = changed({}, 20)
  const records = [
    ...events(good.history),
    ...events([first, ...others.slice(0, 20)]),
    ...events(refused.map(([, , change], index) => changed(change, index))),
    ...events([{ ...late, eventTime: late.observedAt + future }]),
    raw(Buffer.from('garbage')),
    raw(Buffer.from([0, 0x7f, 0xff, 0xff, 0xff, 1, 2, 3])),
    raw(Buffer.concat([codec.encode('MarketEvent', first).subarray(0, 5), Buffer.alloc(64, 0xff)])),
    raw(Buffer.alloc(5 * 1024 * 1024, 0x41)),
    // These three are not bad: an egg is passed over, genes of 512 bits or of nonsense are worth nothing, the parts say it all.
    ...events([changed({ item: { parts: [] } }, 21)]),
    ...events([changed({ item: { genes: `0x${'a'.repeat(128)}` } }, 22), changed({ item: { genes: 'not hexadecimal' } }, 23)]),
    ...events(others.slice(20)),
  ]
  const producer = backend.log.producer()
  for (const record of records) if ((record.value?.length ?? 0) > 1_000_000) await producer.send([record])
  await producer.send(records.filter(({ value }) => (value?.length ?? 0) <= 1_000_000))
  await producer.close()

  const expectedCodes = [
    ...refused.map(([, code]) => code),
    'future_event',
    'not_avro',
    'unknown_schema_id',
    'undecodable',
    'not_avro',
  ].sort()
  const codes = () => dead.map(({ headers }) => headers[deadLetterHeaders.code]).sort()
  const deadline = systemClock.monotonic() + 50_000
  while ((scored.size < good.listings.length + 2 || dead.length < expectedCodes.length) && systemClock.monotonic() < deadline)
    await systemClock.sleep(50)

  expect(codes()).toEqual(expectedCodes)
  expect(scored.size).toBe(good.listings.length + 2)
  for (const { headers } of dead) expect(headers[deadLetterHeaders.message]).toMatch(/\w{3}/)
  const huge = dead.find(({ headers }) => headers[deadLetterHeaders.truncated] === 'true')
  expect(huge?.headers[deadLetterHeaders.size]).toBe(String(5 * 1024 * 1024))
  expect(huge?.headers[deadLetterHeaders.sha256]).toMatch(/^[0-9a-f]{64}$/)
})
