import { afterEach, expect, it, vi } from 'vitest'
import { systemClock } from '#lib/clock/clock.ts'
import { createCodec } from '#lib/codec/codec.ts'
import { createMemoryRegistry } from '#lib/codec/registry.ts'
import { RetryableError } from '#lib/errors/errors.ts'
import { saleEvent, saleIdOf } from '#lib/market/event.ts'
import { topicSettings } from '#lib/market/topics.ts'
import { sampleOutcome } from '#lib/outcomes/testing/outcome-samples.ts'
import { createMemoryLog, type MemoryLog } from '#lib/stream/memory/memory-log.ts'
import type { Position } from '#schemas/types.ts'
import { createPositionBook } from './position-book.ts'
import { watchPositions } from './position-watch.ts'
import { createPositionWriter } from './position-writer.ts'
import { endedBySale } from './seen-sale.ts'
import { samplePosition } from './testing/position-samples.ts'

const hour = 3_600_000
const boughtAt = Date.parse('2026-11-01T12:00:00Z')
const bought = (change: Partial<Position> = {}) => samplePosition({ boughtAt, boughtUsd: 20, ...change })
const codec = createCodec({ registry: createMemoryRegistry() })
const parts = ['eyes-papi', 'ears-rosa', 'mouth-serious', 'horn-rose-bud', 'back-pumpkin', 'tail-yam']

const sold = (tokenId: string, soldAt: number, priceUsd: string | null) => {
  const item = { tokenId, class: 'plant', breedCount: 1, genes: null, parts, image: null }
  const sale = { item, soldAt, priceWei: '30000000000000000', priceUsd, seller: null, buyer: null, txHash: null }
  return saleEvent({ ...sale, saleId: saleIdOf(tokenId, sale) }, { observedAt: soldAt, origin: 'live', source: 'recorded' })
}

let stop = async () => {}
afterEach(() => stop())

/** A watch over these positions; `failures`: so many writes fail first. */
async function open(positions: readonly Position[], failures = 0) {
  await codec.prepare(['Position', 'MarketEvent', 'Outcome'])
  const log: MemoryLog = createMemoryLog({ clock: systemClock })
  await log.admin().createTopics(topicSettings('run.', { partitions: 1 }))
  const book = createPositionBook()
  for (const position of positions) book.take(position)
  const producer = log.producer()
  let left = failures
  const failing = {
    ...producer,
    async send(records: Parameters<typeof producer.send>[0]) {
      if (left-- > 0) throw new RetryableError('the broker restarts')
      return producer.send(records)
    },
  }
  const troubles: string[] = []
  const start = async () => {
    const writer = createPositionWriter({ producer: failing, codec, prefix: 'run.', book })
    const onTrouble = (problem: string) => void troubles.push(problem)
    const watch = await watchPositions({ log, codec, prefix: 'run.', clock: systemClock, book, writer, onTrouble })
    stop = watch.stop
  }
  const send = (topic: string, value: Buffer) => producer.send([{ topic: `run.${topic}`, key: 'k', value }])
  return {
    ...{ book, start, troubles },
    sale: (...sale: Parameters<typeof sold>) => send('market.events', codec.encode('MarketEvent', sold(...sale))),
    outcome: (change: Parameters<typeof sampleOutcome>[0]) => send('outcomes', codec.encode('Outcome', sampleOutcome(change))),
    garbage: () => send('market.events', Buffer.from('garbage')),
    ended: () =>
      book.all().flatMap(({ positionId, soldUsd, soldAt, soldBy }) => (soldUsd === null ? [] : [{ positionId, soldUsd, soldAt, soldBy }])),
  }
}

it('what was bought by no alert ends with the next sale of that axie, before the start or after', async () => {
  const world = await open([bought({ positionId: 'a' }), bought({ positionId: 'b', tokenId: '8' })])
  await world.sale('7', boughtAt + 3 * hour, '44')
  await world.garbage()
  await world.start()
  await vi.waitFor(() => expect(world.ended()).toEqual([{ positionId: 'a', soldUsd: 44, soldAt: boughtAt + 3 * hour, soldBy: 'seen' }]))
  await world.sale('8', boughtAt + 4 * hour, '50')
  await vi.waitFor(() => expect(world.ended()).toHaveLength(2))
})

it.each<[string, number, number]>([
  ['before the purchase', boughtAt - 1, 44],
  ['the purchase itself, heard of later', boughtAt + hour / 2, 20.5],
])('a sale ends nothing that is %s', (_, soldAt, usd) => {
  expect(endedBySale([bought()], { tokenId: '7', soldAt, usd })).toEqual([])
})

it.each<[string, number, number]>([
  ['soon, but for more', boughtAt + hour / 2, 44],
  ['for what was paid, but later', boughtAt + 2 * hour, 20],
])('a sale ends what was bought, if it comes %s', (_, soldAt, usd) => {
  expect(endedBySale([bought()], { tokenId: '7', soldAt, usd })).toHaveLength(1)
  expect(endedBySale([bought({ alertId: 'axie:7:1:default' })], { tokenId: '7', soldAt, usd })).toEqual([])
})

it('what was bought by an alert ends in every account when the ledger says that it was sold again, once the log is there', async () => {
  const alertId = 'axie:7:1:default'
  const world = await open([bought({ positionId: 'a', alertId }), bought({ positionId: 'b', alertId, account: 'anna' })], 2)
  await world.outcome({ alertId: 'axie:7:2:default', resoldUsd: 1, resoldAt: boughtAt + hour })
  await world.outcome({ alertId, resoldUsd: 60, resoldAt: boughtAt + hour })
  await world.start()
  await vi.waitFor(() =>
    expect(world.ended()).toEqual([
      { positionId: 'a', soldUsd: 60, soldAt: boughtAt + hour, soldBy: 'seen' },
      { positionId: 'b', soldUsd: 60, soldAt: boughtAt + hour, soldBy: 'seen' },
    ]),
  )
  expect(world.troubles).toHaveLength(2)
})
