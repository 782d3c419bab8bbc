import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { modelPromotedEvent, payloadOf } from '#lib/market/event.ts'
import { foldOn } from '#lib/market/testing/fold-events.ts'
import { anyMarket, sampleItemModels, sampleProfiles } from '#lib/market/testing/market-samples.ts'
import type { MarketEvent } from '#schemas/types.ts'
import { contextFor } from './context.ts'
import { initialMarketState, type MarketState } from './market-state.ts'

const contextsOf = (state: MarketState) =>
  sampleProfiles.map((profile) => contextFor(state, profile, { seller: '0xa', listingId: 'none', observedAt: state.clock }))

const promotionOf = (modelId: string, observedAt: number): MarketEvent =>
  modelPromotedEvent({ modelId, featureSetHash: 'f', reason: '' }, { observedAt, origin: 'live', source: 'synthetic' })

const isDecision = (event: MarketEvent): boolean => payloadOf(event).kind === 'ModelPromoted'

describe('a model that is promoted', () => {
  it('reads what it read in shadow, to the byte: as if its item model had always been in force', () => {
    fc.assert(
      fc.property(anyMarket({ min: 1, max: 60 }), fc.constantFrom('model-1', 'model-2'), (events, modelId) => {
        const market = events.filter((event) => !isDecision(event))
        const begin = market[0]?.observedAt ?? 0
        const shadow = foldOn(initialMarketState(undefined, sampleItemModels), [promotionOf(modelId, begin), ...market])
        const other = modelId === 'model-1' ? 'model-2' : 'model-1'
        const champion = foldOn(initialMarketState(undefined, sampleItemModels), [promotionOf(other, begin), ...market])
        if (!Number.isFinite(champion.clock)) return
        foldOn(champion, [promotionOf(modelId, champion.clock)])
        expect(contextsOf(champion)).toEqual(contextsOf(shadow))
      }),
      { numRuns: 60 },
    )
  })
})
