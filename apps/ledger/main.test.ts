import { expect, it, vi } from 'vitest'
import { createEmbeddedContext } from '#lib/app/testing/embedded-context.ts'
import type { Codec } from '#lib/codec/codec.ts'
import { exchangeRateEvent, saleEvent, saleIdOf } from '#lib/market/event.ts'
import { sampleAlert } from '#lib/stages/testing/alert-samples.ts'
import type { MemoryLog } from '#lib/stream/memory/memory-log.ts'
import type { MarketEvent, Outcome, RejectedCandidate } from '#schemas/types.ts'
import { app } from './main.ts'

const alert = sampleAlert()
const { item, ask } = alert.scored.listing
const minute = 60_000

const candidate: RejectedCandidate = {
  listingId: alert.listingId,
  tokenId: item.tokenId,
  breedCount: item.breedCount,
  rule: 'default',
  rulesHash: alert.rulesHash,
  reason: 'stale',
  source: 'recorded',
  modelId: alert.scored.modelId,
  observedAt: alert.scored.listing.observedAt,
  startedAt: ask.startedAt,
  askUsd: ask.usd,
  askEth: ask.eth,
  quantilesUsd: alert.scored.quantilesUsd,
  netGainUsd: alert.netGainUsd,
  netGainLowUsd: alert.netGainLowUsd,
}

const soldAt = (at: number, usd: string): MarketEvent => {
  const sale = {
    item: {
      tokenId: item.tokenId,
      class: item.class,
      breedCount: item.breedCount,
      genes: null,
      parts: Object.values(item.parts),
      image: null,
    },
    soldAt: at,
    priceWei: '30000000000000000',
    priceUsd: usd,
    seller: null,
    buyer: null,
    txHash: null,
  }
  return saleEvent({ ...sale, saleId: saleIdOf(item.tokenId, sale) }, { observedAt: at, origin: 'live', source: 'recorded' })
}

const send = (log: MemoryLog, topic: string, value: Buffer) => log.producer().send([{ topic: `run.${topic}`, key: 'axie', value }])

const read = async (log: MemoryLog, codec: Codec): Promise<Outcome[]> => {
  const outcomes: Outcome[] = []
  const following = await log.follow(['run.outcomes'], async (records) => {
    for (const { value } of records) outcomes.push(await codec.decode('Outcome', value!))
  })
  await following.caughtUp
  await following.stop()
  return outcomes
}

it('ledger: one outcome per alert, revised as events arrive, and written once across restarts', async () => {
  const first = await createEmbeddedContext(app.settings)
  const { log, codec } = first
  await codec.prepare(['MarketEvent', 'Alert', 'AlertFeedback'])
  const event = (value: MarketEvent) => send(log, 'market.events', codec.encode('MarketEvent', value))
  const statuses = async () => (await read(log, codec)).filter(({ kind }) => kind === 'alert').map(({ status }) => status)

  await send(log, 'alerts', codec.encode('Alert', alert))
  await event(soldAt(ask.startedAt + minute, '80'))
  const before = await app.start(first)
  await vi.waitFor(async () => expect(await statuses()).toEqual(['gone']))
  await event(soldAt(ask.startedAt + 9 * minute, '150'))
  await vi.waitFor(async () => expect(await statuses()).toEqual(['gone', 'resold']))
  await before.stop()
  await before.finished

  const after = await app.start(await createEmbeddedContext(app.settings, { shared: first }))
  await send(log, 'alerts.feedback', codec.encode('AlertFeedback', { alertId: alert.alertId, kind: 'bought', by: 'x', at: 1 }))
  await event(exchangeRateEvent({ ethUsd: 3_000 }, { observedAt: ask.startedAt + 10 * minute, origin: 'live', source: 'recorded' }))
  await vi.waitFor(async () => expect(await statuses()).toEqual(['gone', 'resold', 'resold']))
  await after.stop()
  await after.finished
  const last = (await read(log, codec)).at(-1)!
  expect(last).toMatchObject({ alertId: alert.alertId, bought: true, resoldUsd: 150, goneBy: 'sold' })
  expect(last.netUsd).toBeCloseTo(150 * 0.9575 - 80)
})

it('ledger: a candidate that was rejected is followed too, and says why it was no alert', async () => {
  const context = await createEmbeddedContext(app.settings)
  const { log, codec } = context
  await codec.prepare(['MarketEvent', 'RejectedCandidate'])
  await send(log, 'candidates.rejected', codec.encode('RejectedCandidate', candidate))
  for (const event of [soldAt(ask.startedAt + minute, '80'), soldAt(ask.startedAt + 9 * minute, '150')])
    await send(log, 'market.events', codec.encode('MarketEvent', event))
  const running = await app.start(context)
  await vi.waitFor(async () =>
    expect(await read(log, codec)).toMatchObject([{ kind: 'rejected', status: 'resold', rejectedFor: 'stale', resoldUsd: 150 }]),
  )
  await running.stop()
})

it('ledger: an alert that a limit held back says which, whatever came first, and after a restart', async () => {
  const first = await createEmbeddedContext(app.settings)
  const { log, codec } = first
  await codec.prepare(['Alert', 'Notification'])
  const said = { alertId: alert.alertId, nonce: 'n', messageId: null, at: 1, writer: null }
  const say = (status: 'sent' | 'limited', channel: string, detail: string | null) =>
    send(log, 'notifications', codec.encode('Notification', { ...said, status, channel, detail }))
  const heldBack = async () => (await read(log, codec)).map((outcome) => outcome.heldBack)
  await say('limited', 'discord:1', 'limit perTrade: with it $101.00, at most $100.00')
  const before = await app.start(first)
  await say('sent', 'console', null)
  await send(log, 'alerts', codec.encode('Alert', alert))
  await vi.waitFor(async () => expect(await heldBack()).toEqual(['limit perTrade: with it $101.00, at most $100.00']))
  await before.stop()
  const after = await app.start(await createEmbeddedContext(app.settings, { shared: first }))
  await send(log, 'alerts', codec.encode('Alert', { ...alert, alertId: 'other', listingId: 'other' }))
  await vi.waitFor(async () => expect(await heldBack()).toHaveLength(2))
  await after.stop()
  expect(await heldBack()).toEqual(['limit perTrade: with it $101.00, at most $100.00', null])
})

it('ledger: what cannot be read is passed over and counted', async () => {
  const context = await createEmbeddedContext(app.settings)
  const { log, codec, metrics } = context
  await codec.prepare(['Alert'])
  await send(log, 'alerts', Buffer.from('garbage'))
  await send(log, 'alerts', codec.encode('Alert', alert))
  const running = await app.start(context)
  await vi.waitFor(async () => expect(await read(log, codec)).toMatchObject([{ status: 'open' }]))
  expect((await metrics.snapshot()).values).toMatchObject({ outcomes_unreadable_total: 1, outcomes_published_total: 1 })
  await running.stop()
})
