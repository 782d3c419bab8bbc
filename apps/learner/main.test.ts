import { expect, it, vi } from 'vitest'
import { createEmbeddedContext } from '#lib/app/testing/embedded-context.ts'
import { withListings } from '#lib/backtest/listings-from-sales.ts'
import { marketKey, modelPromotedEvent, payloadOf } from '#lib/market/event.ts'
import { startTensorRuntime } from '#lib/model/network/tfjs-runtime.ts'
import { smallBundle } from '#lib/stages/testing/small-bundle-sample.ts'
import { publishModel } from '#lib/training/publish.ts'
import { firstSaleAt, someSales } from '#lib/training/testing/sales-samples.ts'
import type { MarketEvent, ModelsCompared } from '#schemas/types.ts'
import { app } from './main.ts'

it('learner: writes each block of losses once into the market it reads, across restarts', { timeout: 60_000 }, async () => {
  await startTensorRuntime('wasm')
  const env = { PRIORITY: 'normal', TF_BACKEND: 'wasm', CODE_VERSION: 'test' }
  const context = await createEmbeddedContext(app.settings, { env })
  const { log, codec } = context
  const bundle = await smallBundle('synthetic')
  await publishModel({ ...context, prefix: 'run.' }, bundle)
  await codec.prepare(['MarketEvent'])
  const send = (events: readonly MarketEvent[]) =>
    log.producer().send(events.map((event) => ({ topic: 'run.market.events', key: marketKey, value: codec.encode('MarketEvent', event) })))
  const blocks: ModelsCompared[] = []
  const following = await log.follow(['run.market.events'], async (records) => {
    for (const { value } of records) {
      const payload = payloadOf(await codec.decode('MarketEvent', value as Buffer))
      if (payload.kind === 'ModelsCompared') blocks.push(payload.value)
    }
  })
  const { modelId, manifest } = bundle
  const promotion = { modelId, featureSetHash: manifest.featureSet.hash, reason: 'test' }
  const market = [...withListings(someSales(420, 1))]
  const half = market.length / 2

  const first = await app.start(context)
  // A market with events in it: a learner that starts for the first time begins at the beginning, and says nothing of a lost position.
  await send([
    modelPromotedEvent(promotion, { observedAt: firstSaleAt - 1, origin: 'live', source: 'synthetic' }),
    ...market.slice(0, half),
  ])
  await vi.waitFor(() => expect(blocks.length).toBeGreaterThan(0), { timeout: 20_000 })
  await first.stop()
  const second = await app.start(await createEmbeddedContext(app.settings, { env, shared: context }))
  await send(market.slice(half))
  await vi.waitFor(() => expect(blocks.length).toBeGreaterThan(1), { timeout: 20_000 })
  await second.stop()
  await following.stop()

  expect(blocks.map(({ block }) => block)).toEqual(blocks.map((_, index) => index))
  for (const { champion } of blocks) expect(champion.modelId).toBe(modelId)
})
