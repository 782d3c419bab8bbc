import { readFileSync } from 'node:fs'
import { parse } from 'csv-parse/sync'
import { expect, test } from 'vitest'
import { partTypes } from '#lib/axie/parts.ts'
import { axieFeatures } from '#lib/features/axie-v1.ts'
import { featureSetOf } from '#lib/features/feature-sets.ts'
import { listingEvent, listingIdOf, modelPromotedEvent, saleEvent, saleIdOf } from '#lib/market/event.ts'
import { noItemModels } from '#lib/market/item-model.ts'
import { usdToWei } from '#lib/market/money.ts'
import { openBundle } from '#lib/model/bundle/bundle.ts'
import { startTensorRuntime } from '#lib/model/network/tfjs-runtime.ts'
import type { Processor, Result } from '#lib/stream/processor.ts'
import type { Item, MarketEvent } from '#schemas/types.ts'
import { marketData } from '../../tests/market-data.ts'
import { createEnricherProcessor } from './enricher.ts'
import { createFeaturizerProcessor } from './featurizer.ts'
import { createScorerProcessor } from './scorer.ts'
import { smallBundle } from './testing/small-bundle-sample.ts'

const noon = 1_700_000_000_000
const seen = { observedAt: noon, origin: 'live', source: 'live' } as const
const plainParts = ['eyes-papi', 'ears-rosa', 'mouth-serious', 'horn-rose-bud', 'back-pumpkin', 'tail-yam']

const itemWith = (partId: string, index: number): Item => {
  const place = partTypes.findIndex((type) => partId.startsWith(`${type}-`))
  return {
    tokenId: String(1_000_000 + index),
    class: 'Plant',
    breedCount: 0,
    genes: null,
    parts: plainParts.map((id, at) => (at === place ? partId : id)),
    image: null,
  }
}

const listed = (item: Item): MarketEvent =>
  listingEvent(
    {
      listingId: listingIdOf(item.tokenId, noon),
      item,
      seller: '0xa',
      ask: {
        kind: 'fixed',
        paymentToken: 'weth',
        basePriceWei: usdToWei(20, 3_000),
        endedPriceWei: usdToWei(20, 3_000),
        currentPriceWei: usdToWei(20, 3_000),
        currentPriceUsd: '20',
        startedAt: noon,
        durationSeconds: 0,
      },
    },
    seen,
  )

/** Enough for the market to have a level. */
const sales = Array.from({ length: 60 }, (_, index): MarketEvent => {
  const item = itemWith('eyes-papi', 2 * index)
  const soldAt = noon - (60 - index) * 60_000
  const paid = { priceWei: usdToWei(20, 3_000), priceUsd: '20', seller: null, buyer: null, txHash: null }
  return saleEvent({ saleId: saleIdOf(item.tokenId, { txHash: null, soldAt }), item, soldAt, ...paid }, { ...seen, observedAt: soldAt })
})

function emitted<In, Out, State>(processor: Processor<In, Out, State>, state: State, values: readonly In[]): Out[] {
  const record = { topic: 't', partition: 0, timestamp: 0, key: null, headers: {} }
  const results: Result<Out>[] = processor.process(
    values.map((value, offset) => ({ value, record: { ...record, offset } })),
    state,
  )
  expect(results.filter((result) => result.type === 'reject')).toEqual([])
  return results.flatMap((result) => (result.type === 'emit' ? result.outputs.map(({ value }) => value) : []))
}

test('a listing with any of the 523 part ids of 2025, or with one that nobody knows, gets a price', async () => {
  await startTensorRuntime('wasm')
  const rows: readonly Readonly<Record<string, string>>[] = parse(readFileSync(marketData('axie-parts-2025.csv'), 'utf8'), {
    columns: true,
  })
  const madeUp = partTypes.flatMap((type) => [`${type}-of-tomorrow`, `${type}-of-tomorrow-2`, `${type}-of-tomorrow-shiny-2`])
  const ids = [...rows.map((row) => row['part_id'] as string), ...madeUp]
  expect(ids).toHaveLength(523 + 18)
  const bundle = await smallBundle('live')
  const model = openBundle(bundle)
  const usable = { ...model, featureSetHash: axieFeatures.hash, trainedUntil: 1, source: 'live' } as const
  const enricher = createEnricherProcessor({ itemModels: noItemModels })
  const promoted = modelPromotedEvent(
    { modelId: bundle.modelId, featureSetHash: axieFeatures.hash, reason: '' },
    { ...seen, observedAt: noon - 2 * 3_600_000 },
  )
  const events = [promoted, ...sales, ...ids.map((id, index) => listed(itemWith(id, 1_001 + index)))]
  const enriched = emitted(enricher, enricher.initial(undefined), events)
  const scored = emitted(
    createScorerProcessor({ model: () => usable, featureSet: featureSetOf, reasonOf: (name) => name, backend: 'wasm', codeVersion: '1' }),
    null,
    emitted(createFeaturizerProcessor(), null, enriched),
  )
  model.dispose()
  expect(scored).toHaveLength(ids.length)
  for (const { quantilesUsd } of scored) expect(quantilesUsd.q50).toBeGreaterThan(0)
  const unknown = scored.filter(({ unseen }) => unseen?.includes('unknown_part'))
  expect(unknown).toHaveLength(madeUp.length)
}, 60_000)
