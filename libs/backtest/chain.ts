import type { FeatureSet } from '#lib/features/feature-set.ts'
import { featureSetOf } from '#lib/features/feature-sets.ts'
import { reasonOf } from '#lib/features/reasons.ts'
import type { RuleSet } from '#lib/rules/rule-set.ts'
import type { RulesStore } from '#lib/rules/rules-store.ts'
import { createAlerterProcessor, isAlert, rulesHashFor } from '#lib/stages/alerter.ts'
import { createEnricherProcessor } from '#lib/stages/enricher.ts'
import { createFeaturizerProcessor } from '#lib/stages/featurizer.ts'
import type { ItemModelCache } from '#lib/stages/item-model-cache.ts'
import type { ModelCache } from '#lib/stages/model-cache.ts'
import { createScorerProcessor } from '#lib/stages/scorer.ts'
import type { LogRecord } from '#lib/stream/log.ts'
import { partitionOfKey } from '#lib/stream/partitioner.ts'
import type { Input, Processor, Result } from '#lib/stream/processor.ts'
import type { Alert, FeaturizedListing, MarketEvent, ScoredListing } from '#schemas/types.ts'

/**
 * The live pipeline without a log between its stages: the very processors of enricher, featurizer, scorer and alerter, one after the
 * other over one sequence of events. What they hand each other is what the log would carry, so scored listings and alerts are the same to
 * the byte (chain.test.ts plays both).
 */
export type Chain = Readonly<{ play(events: readonly MarketEvent[]): Promise<void> }>

export type ChainOptions = Readonly<{
  models: ModelCache
  itemModels: ItemModelCache
  /** By hash; those of this version unless a test plants another. */
  featureSet?: (hash: string) => FeatureSet | undefined
  rules: Pick<RulesStore, 'load' | 'known'>
  backend: string
  codeVersion: string
  /** Partitions of listings.scored, live: the alerter's clock is that of its partition. */
  partitions: number
  /** Rule sets that are tried beside those that the listings name, on the same forecasts. */
  alternatives?: readonly RuleSet[]
  onDecided: (decided: Decided) => void
  onFeatures?: (listing: FeaturizedListing) => void
  /** A record that live would be a dead letter. */
  onRefused?: (stage: string, code: string, message: string) => void
}>

export type Decided = Readonly<{
  scored: ScoredListing
  /** By the rules that the listing names, then by each alternative. */
  verdicts: readonly Verdict[]
}>

/** What an alerter made of a listing: its alerts, or else the reason for none. */
export type Verdict = Readonly<{ alerts: readonly Alert[]; refusal: string | null }>

/** Records of a batch share a prediction; how they are cut changes no result. */
const batchSize = 256

export function createChain(options: ChainOptions): Chain {
  const { models, itemModels, featureSet = featureSetOf, rules, backend, codeVersion, onDecided, onFeatures, alternatives = [] } = options
  const refuse = options.onRefused ?? (() => {})
  const enrich = stage('enricher', createEnricherProcessor({ itemModels, onBegin: itemModels.begin }), refuse)
  const featurize = stage('featurizer', createFeaturizerProcessor(featureSet), refuse)
  const score = stage('scorer', createScorerProcessor({ model: models.get, featureSet, reasonOf, backend, codeVersion }), refuse)
  const alerters = [rules.known, ...alternatives.map((ruleSet) => () => ruleSet)].map((ruleSet) => createJudge(ruleSet, options))

  const playBatch = async (events: readonly MarketEvent[]): Promise<void> => {
    await itemModels.load(events)
    const featurized = featurize(enrich(events))
    if (onFeatures !== undefined) for (const listing of featurized) onFeatures(listing)
    await models.load(featurized.flatMap(({ listing }) => listing.modelId ?? []))
    const scored = score(featurized)
    for (const hash of new Set(scored.map(rulesHashFor))) await rules.load(hash)
    for (const one of scored) onDecided({ scored: one, verdicts: alerters.map((judge) => judge(one)) })
  }

  return {
    async play(events) {
      for (let from = 0; from < events.length; from += batchSize) await playBatch(events.slice(from, from + batchSize))
    },
  }
}

/** No processor looks at where its record lies. */
const nowhere: Omit<LogRecord, 'value'> = { topic: 'backtest', partition: 0, offset: 0, timestamp: 0, key: null, headers: {} }
const inputOf = <Value>(value: Value): Input<Value> => ({ value, record: nowhere })

type Refuse = NonNullable<ChainOptions['onRefused']>

function stage<In, Out, State>(name: string, processor: Processor<In, Out, State>, refuse: Refuse): (inputs: readonly In[]) => Out[] {
  const state = processor.initial(undefined)
  return (inputs) => processor.process(inputs.map(inputOf), state).flatMap((result) => outputsOf(name, result, refuse))
}

function outputsOf<Out>(name: string, result: Result<Out>, refuse: Refuse): Out[] {
  if (result.type === 'emit') return result.outputs.map(({ value }) => value)
  if (result.type === 'reject') refuse(name, result.code, result.message)
  return []
}

/** An alerter with a state for each partition, as live: a listing is judged with the clock of the partition its key leads to. */
function createJudge(
  ruleSet: (hash: string) => RuleSet | undefined,
  { partitions, onRefused }: Pick<ChainOptions, 'partitions' | 'onRefused'>,
): (scored: ScoredListing) => Verdict {
  const processor = createAlerterProcessor({ ruleSet })
  const states = Array.from({ length: partitions }, () => processor.initial(undefined))
  return (scored) => {
    const state = states[partitionOfKey(`axie:${scored.listing.item.tokenId}`, partitions)] as (typeof states)[number]
    const [result] = processor.process([inputOf(scored)], state)
    if (result?.type === 'emit') return { alerts: result.outputs.map(({ value }) => value).filter(isAlert), refusal: null }
    if (result?.type === 'reject') onRefused?.('alerter', result.code, result.message)
    return { alerts: [], refusal: result?.type === 'skip' ? result.reason : (result?.code ?? 'no answer') }
  }
}
