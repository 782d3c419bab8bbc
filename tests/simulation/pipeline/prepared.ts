import { type Codec, createCodec } from '#lib/codec/codec.ts'
import { createMemoryRegistry } from '#lib/codec/registry.ts'
import { modelPromotedEvent, rulesChangedEvent } from '#lib/market/event.ts'
import { marketFeeRatio } from '#lib/market/fee.ts'
import { type SealedBundle, saveBundle } from '#lib/model/bundle/bundle.ts'
import { startTensorRuntime, type TensorRuntime } from '#lib/model/network/tfjs-runtime.ts'
import { smallModel } from '#lib/model/testing/model-samples.ts'
import { createMemoryStore } from '#lib/objectstore/memory-store.ts'
import { type RuleSet, ruleSetText } from '#lib/rules/rule-set.ts'
import { createRulesStore } from '#lib/rules/rules-store.ts'
import type { MarketEvent } from '#schemas/types.ts'
import { createReferenceStages, type ReferenceStage } from './reference.ts'
import type { Objects } from './store.ts'

export const startsAt = Date.parse('2026-01-05T10:20:00Z')

/** Cheap is what costs less than $10: the forecast of a model that has learnt noise decides nothing. */
const rules: RuleSet = {
  version: 1,
  name: 'simulated',
  feeRatio: marketFeeRatio,
  guards: {
    maximumModelAgeHours: 1e9,
    maximumNovelty: 1e9,
    maximumListingAgeMinutes: 1e6,
    minimumAskUsd: 0.05,
    maximumAskUsd: 1e6,
    maximumSellerListings: 1_000,
  },
  rules: [
    {
      name: 'cheap',
      forecast: { kind: 'expression', when: 'ask.usd < 10.0' },
      secondCheck: { kind: 'none' },
      cooldown: { minutes: 1, unlessCheaperBy: 0.1 },
      deadlineSeconds: 86_400,
    },
  ],
}

/** What every seed begins with, made once, in the real world. */
export type Prepared = Readonly<{
  codec: Codec
  runtime: TensorRuntime
  /** Model and rules. */
  objects: Objects
  decisions: readonly MarketEvent[]
  stages: readonly ReferenceStage[]
}>

export async function prepare(): Promise<Prepared> {
  const codec = createCodec({ registry: createMemoryRegistry() })
  await codec.prepare([
    'MarketEvent',
    'CollectorState',
    'EnrichedListing',
    'FeaturizedListing',
    'ScoredListing',
    'Alert',
    'RejectedCandidate',
    'Notification',
    'AlertFeedback',
    'Control',
    'Outcome',
    'PaperTrade',
    'ModelAnnounced',
  ])
  const runtime = await startTensorRuntime('cpu')
  const store = createMemoryStore()
  const bundle: SealedBundle = await smallModel(1)
  await saveBundle(store, bundle)
  const rulesHash = await createRulesStore(store).publish(rules)
  const objects: Objects = new Map()
  for await (const { key } of store.list('')) objects.set(key, (await store.get(key))!)
  const observation = { observedAt: startsAt - 1_000, origin: 'live', source: 'synthetic' } as const
  const { modelId, manifest } = bundle
  const decisions = [
    modelPromotedEvent({ modelId, featureSetHash: manifest.featureSet.hash, reason: 'the first' }, observation),
    rulesChangedEvent({ rulesHash, rules: ruleSetText(rules), reason: 'the first' }, observation),
  ]
  const stages = await createReferenceStages(codec, store, { modelId, rulesHash, decisions })
  return { codec, runtime, objects, decisions, stages }
}
