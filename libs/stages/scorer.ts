import { distinctionsOf } from '#lib/axie/attributes.ts'
import type { RejectCode } from '#lib/errors/reject-codes.ts'
import type { FeatureSet } from '#lib/features/feature-set.ts'
import { itemKey } from '#lib/market/event.ts'
import { demandChances, demandSpans } from '#lib/model/heads/demand-head.ts'
import { meansOf } from '#lib/model/heads/heads.ts'
import type { Explain, Predict, PriceModel } from '#lib/model/price-model.ts'
import type { Input, Processor, Result } from '#lib/stream/processor.ts'
import type { Demand, EnrichedListing, Explanation, FeaturizedListing, PriceQuantiles, ScoredListing, Source } from '#schemas/types.ts'
import { explanationOf, isWorthExplaining } from './explanation.ts'

/** What the processor needs to know of a model, and the one thing it asks of it. */
export type UsableModel = Readonly<{
  featureSetHash: string
  /** Length of its vectors. */
  vectorWidth: number
  trainedUntil: number
  source: Source
  /** What its vectors hold. */
  columnNames: readonly string[]
  /** Those of them that differed among the sales it learnt from. */
  learntColumns: ReadonlySet<string>
  predict: Predict
  ask: PriceModel['ask']
  /** Null for a model that cannot say why. */
  explain: Explain | null
}>

/** A model that listings name and that cannot be used: each of them becomes a dead letter with this code. */
export type UnusableModel = Readonly<{ code: RejectCode; message: string }>

export type ScorerOptions = Readonly<{
  /** Models loaded before the batch (see main.ts): the processor itself never waits. */
  model: (modelId: string) => UsableModel | UnusableModel | undefined
  /** By hash; undefined of a set that this version does not know. */
  featureSet: (hash: string) => Pick<FeatureSet, 'levelOf'> | undefined
  /** What a feature is about, in people's words. */
  reasonOf: (feature: string) => string
  backend: string
  codeVersion: string
  /** Says why of every listing, not only of those that are worth it. */
  explainsAll?: boolean
  /** The price whose demand is said; left out: the forecast's median. */
  demandUsd?: (listing: EnrichedListing, forecast: PriceQuantiles) => number
}>

type Reject = Extract<Result<never>, { type: 'reject' }>

/** One listing that can be scored, and where its result belongs. */
type Row = Readonly<{ index: number; value: FeaturizedListing; level: number }>

const reject = (code: RejectCode, message: string): Reject => ({ type: 'reject', code, message })

/** Scores each listing with the model that it names: all listings of a batch and a model in one prediction. */
export function createScorerProcessor(options: ScorerOptions): Processor<FeaturizedListing, ScoredListing, null> {
  const process = (batch: readonly Input<FeaturizedListing>[]): Result<ScoredListing>[] => {
    const results = new Array<Result<ScoredListing>>(batch.length)
    const groups = new Map<string, { model: UsableModel; rows: Row[] }>()
    batch.forEach(({ value }, index) => {
      const found = findModel(value, options)
      const level = options.featureSet(value.featureSetHash)?.levelOf(value.listing.context) ?? null
      if (isReject(found)) results[index] = found
      else if (level === null) results[index] = reject('no_level', 'too few sales are known to tell the level of the market')
      else {
        const modelId = value.listing.modelId as string
        const group = groups.get(modelId) ?? { model: found, rows: [] }
        group.rows.push({ index, value, level })
        groups.set(modelId, group)
      }
    })
    for (const { model, rows } of groups.values()) scoreRows(model, rows, options, results)
    return results
  }
  return { initial: () => null, process }
}

const isReject = (found: UsableModel | Reject): found is Reject => 'type' in found

/** The model this listing names, if it may price this very listing. */
function findModel({ listing, featureSetHash, vector }: FeaturizedListing, { model }: ScorerOptions): UsableModel | Reject {
  if (listing.modelId === null) return reject('no_model', 'no model was promoted when this listing was observed: promote one')
  const found = model(listing.modelId)
  if (found === undefined) throw new Error(`model ${listing.modelId} was not loaded before the batch`)
  if ('code' in found) return reject(found.code, found.message)
  const name = `model ${listing.modelId}`
  if (found.featureSetHash !== featureSetHash)
    return reject('feature_set_mismatch', `${name} expects vectors of feature set ${found.featureSetHash}, found ${featureSetHash}`)
  if (vector.length !== found.vectorWidth * Float32Array.BYTES_PER_ELEMENT)
    return reject('bad_vector', `${name} expects ${found.vectorWidth} numbers, found ${vector.length} bytes`)
  if (listing.source === 'live' && found.source !== 'live')
    return reject('model_source_mismatch', `a live listing must not be priced by ${name}, which learnt from a ${found.source} market`)
  return found
}

function scoreRows(model: UsableModel, rows: readonly Row[], options: ScorerOptions, results: Result<ScoredListing>[]): void {
  const vectors = new Float32Array(rows.length * model.vectorWidth)
  const bytes = new Uint8Array(vectors.buffer)
  rows.forEach(({ value }, row) => {
    bytes.set(value.vector, row * value.vector.length)
  })
  const levels = Float64Array.from(rows, ({ level }) => level)
  const forecasts = model.predict(vectors, levels)
  const { quantilesUsd, novelty } = forecasts
  const means = meansOf(quantilesUsd)
  const asksUsd = Float64Array.from(rows, ({ value }) => value.listing.ask.usd)
  const demandUsd = demandPrices(rows, quantilesUsd, options)
  const answers = model.ask?.({
    vectors,
    levels,
    forecasts,
    asksUsd,
    demandUsd,
    alike: rows.map(({ value }) => value.listing.context.alike),
  })
  const exitUsd = answers?.exitUsd ?? null
  const chances = answers?.demandRates == null ? null : demandChances(answers.demandRates)
  const explain = createExplainer(model, options, vectors)
  rows.forEach(({ index, value }, row) => {
    const { listing, featureSetHash } = value
    const quantiles = quantilesAt(quantilesUsd, row)
    if (!(Number.isFinite(quantiles.q05) && Number.isFinite(quantiles.q95) && Number.isFinite(novelty[row]))) {
      results[index] = reject('no_forecast', `model ${listing.modelId} gave ${JSON.stringify(quantiles)} for this listing`)
      return
    }
    const scored: ScoredListing = {
      listing,
      modelId: listing.modelId as string,
      featureSetHash,
      modelTrainedUntil: model.trainedUntil,
      quantilesUsd: quantiles,
      novelty: novelty[row] as number,
      backend: options.backend,
      codeVersion: options.codeVersion,
      explanation: options.explainsAll || isWorthExplaining(quantiles, listing.ask.usd) ? explain(row, quantiles) : null,
      mean: means[row] as number,
      exit: exitUsd === null ? null : quantilesAt(exitUsd, row),
      unseen: distinctionsOf(listing.item).filter((name) => !model.learntColumns.has(`attribute.${name}`)),
      demand: chances === null ? null : demandAt(chances, row, demandUsd?.[row] ?? quantiles.q50),
    }
    results[index] = { type: 'emit', outputs: [{ topic: 'listings.scored', key: itemKey(listing.item.tokenId), value: scored }] }
  })
}

/** Explains a row of `vectors` by itself: few are asked for. */
function createExplainer({ explain, columnNames, vectorWidth }: UsableModel, { reasonOf }: ScorerOptions, vectors: Float32Array) {
  return (row: number, quantiles: PriceQuantiles): Explanation | null => {
    if (explain === null) return null
    const effects = explain(vectors.subarray(row * vectorWidth, (row + 1) * vectorWidth))
    return explanationOf(effects, columnNames, reasonOf, quantiles)
  }
}

const demandPrices = (rows: readonly Row[], quantilesUsd: Float64Array, { demandUsd }: ScorerOptions): Float64Array | undefined =>
  demandUsd && Float64Array.from(rows, ({ value }, row) => demandUsd(value.listing, quantilesAt(quantilesUsd, row)))

function quantilesAt(quantilesUsd: Float64Array, row: number): PriceQuantiles {
  const [q05, q25, q50, q75, q95] = quantilesUsd.subarray(row * 5, row * 5 + 5) as unknown as [number, number, number, number, number]
  return { q05, q25, q50, q75, q95 }
}

function demandAt(chances: Float64Array, row: number, usd: number): Demand {
  const spans = demandSpans.length
  const [h1, h6, h24, h72] = chances.subarray(row * spans, (row + 1) * spans) as unknown as [number, number, number, number]
  return { usd, h1, h6, h24, h72 }
}
