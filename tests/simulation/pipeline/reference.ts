import { commonSettings } from '#lib/app/common-settings.ts'
import type { Codec } from '#lib/codec/codec.ts'
import { featureSetOf } from '#lib/features/feature-sets.ts'
import { reasonOf } from '#lib/features/reasons.ts'
import type { ObjectStore } from '#lib/objectstore/object-store.ts'
import { classicRules } from '#lib/rules/presets.ts'
import { createRulesStore } from '#lib/rules/rules-store.ts'
import { createAlerterProcessor, isAlert } from '#lib/stages/alerter.ts'
import { createEnricherProcessor } from '#lib/stages/enricher.ts'
import { createFeaturizerProcessor } from '#lib/stages/featurizer.ts'
import { createItemModelCache } from '#lib/stages/item-model-cache.ts'
import { createModelCache } from '#lib/stages/model-cache.ts'
import { withPaperAlerts } from '#lib/stages/paper-alerter.ts'
import { createScorerProcessor } from '#lib/stages/scorer.ts'
import type { LogRecord, NewRecord } from '#lib/stream/log.ts'
import type { Processor } from '#lib/stream/processor.ts'
import { createFold } from '#lib/stream/runtime/fold.ts'
import type { MarketEvent, RecordName, RecordTypes } from '#schemas/types.ts'

/** A stage as a replay has it: no group, no transactions, nothing that can go wrong. */
export type ReferenceStage = Readonly<{
  input: string
  outputs: readonly string[]
  run(records: readonly LogRecord[]): Pick<NewRecord, 'topic' | 'key' | 'value'>[]
}>

export async function createReferenceStages(
  codec: Codec,
  store: ObjectStore,
  { modelId, rulesHash, decisions }: Readonly<{ modelId: string; rulesHash: string; decisions: readonly MarketEvent[] }>,
): Promise<ReferenceStage[]> {
  const itemModels = createItemModelCache({ store })
  await itemModels.load(decisions)
  const models = createModelCache({ store, capacity: 2 })
  await models.load([modelId])
  const rules = createRulesStore(store)
  await rules.load(rulesHash)

  const stage = <In extends RecordName, Out, State>(
    input: string,
    name: In,
    outputs: readonly string[],
    processor: Processor<RecordTypes[In], Out, State>,
    encode: (value: Out) => Buffer,
  ): ReferenceStage => ({
    input,
    outputs,
    run: (records) =>
      [...Map.groupBy(records, ({ partition }) => partition).values()].flatMap((own) => {
        const fold = createFold(processor, { offset: 0, clock: null, carry: undefined })
        const inputs = own.map(({ value, ...record }) => ({ value: codec.decode(name, value!) as RecordTypes[In], record }))
        return fold
          .apply(inputs)
          .flatMap((result) => (result.type === 'reject' ? [] : (result.outputs ?? [])))
          .map(({ topic, key, value }) => ({ topic, key, value: encode(value) }))
      }),
  })

  return [
    stage('market.events', 'MarketEvent', ['listings.enriched'], createEnricherProcessor({ itemModels }), (value) =>
      codec.encode('EnrichedListing', value),
    ),
    stage('listings.enriched', 'EnrichedListing', ['listings.features'], createFeaturizerProcessor(), (value) =>
      codec.encode('FeaturizedListing', value),
    ),
    stage(
      'listings.features',
      'FeaturizedListing',
      ['listings.scored'],
      createScorerProcessor({
        model: models.get,
        featureSet: featureSetOf,
        reasonOf,
        backend: 'cpu',
        codeVersion: commonSettings.CODE_VERSION.default,
      }),
      (value) => codec.encode('ScoredListing', value),
    ),
    stage(
      'listings.scored',
      'ScoredListing',
      ['alerts', 'alerts.paper', 'candidates.rejected'],
      withPaperAlerts(createAlerterProcessor({ ruleSet: rules.known }), classicRules),
      (value) => (isAlert(value) ? codec.encode('Alert', value) : codec.encode('RejectedCandidate', value)),
    ),
  ]
}
