import { type Clock, systemClock } from '#lib/clock/clock.ts'
import type { Codec } from '#lib/codec/codec.ts'
import { RejectedError } from '#lib/errors/errors.ts'
import { challengerNamedEvent, modelPromotedEvent, type Observation } from '#lib/market/event.ts'
import { BundleError, openBundle, readBundle } from '#lib/model/bundle/bundle.ts'
import type { ObjectStore } from '#lib/objectstore/object-store.ts'
import type { Log } from '#lib/stream/log.ts'
import type { MarketEvent, ModelAnnounced } from '#schemas/types.ts'
import { sendDecisions } from './promote.ts'
import { championOf, type Models, readModels } from './read-models.ts'

export type PromotionContext = Readonly<{
  log: Log
  codec: Codec
  store: ObjectStore
  prefix: string
  /** Hashes of the feature sets that this code's featurizer makes vectors of. */
  featureSets: readonly string[]
}>

export type PromotionResult = Readonly<{ modelId: string; before: string | null; at: number }>

/**
 * Makes a model the one that prices, from the next event of the market on. Everything that could make the scorer refuse it is looked at
 * first, because a listing names its model for ever: a promoted model that cannot be used would turn listings into dead letters.
 * The tfjs backend must run. RejectedError: model_unknown, model_barred, model_missing, model_corrupt, model_unsupported, feature_set_mismatch,
 * model_source_mismatch, no_forecast, model_slow, market_empty; nothing is written then, and the model in force stays.
 */
export async function promoteModel(context: PromotionContext, modelId: string, reason: string): Promise<PromotionResult> {
  const models = await readModels(context)
  const usable = await requireUsable(context, models, modelId)
  await sendDecisions(context, [promotionOf(usable, reason)])
  return { modelId, before: championOf(models), at: usable.observation.observedAt }
}

/**
 * Puts a new model forward: the first of a market is put in force, any other has to show by what sells from the next event on that it is
 * better than the one in force, which the learner judges. Looked at first, and refused, as a promotion is. `before`: the model in force.
 */
export async function putForward(
  context: PromotionContext,
  modelId: string,
  reason: string,
): Promise<Readonly<{ before: string | null; isInForce: boolean }>> {
  const models = await readModels(context)
  const before = championOf(models)
  if (before === modelId) return { before, isInForce: true }
  const usable = await requireUsable(context, models, modelId)
  await sendDecisions(context, [before === null ? promotionOf(usable, reason) : challengeOf(usable, reason)])
  return { before, isInForce: before === null }
}

/** A model that can price this market, and when that was looked at, on the market's clock. */
type Usable = Readonly<{ model: ModelAnnounced; observation: Observation }>

const promotionOf = ({ model: { modelId, featureSetHash }, observation }: Usable, reason: string): MarketEvent =>
  modelPromotedEvent({ modelId, featureSetHash, reason }, observation)

const challengeOf = ({ model: { modelId, featureSetHash, trainedUntil }, observation }: Usable, reason: string): MarketEvent =>
  challengerNamedEvent({ modelId, featureSetHash, trainedUntil, reason }, observation)

async function requireUsable(
  { store, featureSets }: PromotionContext,
  { announced, market, barred }: Models,
  modelId: string,
): Promise<Usable> {
  if (market === null) throw new RejectedError('market_empty', 'expected a market with events to promote a model in, found none')
  const model = announced.get(modelId)
  if (model === undefined) {
    const known = announced.size === 0 ? 'none was announced' : `announced are ${[...announced.keys()].join(', ')}`
    throw new RejectedError('model_unknown', `model ${modelId}: expected one of topic models; ${known}`)
  }
  const why = barred.get(modelId)
  if (why !== undefined) throw new RejectedError('model_barred', `model ${modelId} is barred for ever: ${why}. Train another`)
  const bundle = await refusing(() => readBundle(store, modelId))
  if (bundle.sha256 !== model.sha256)
    throw new RejectedError('model_corrupt', `model ${modelId}: announced with sha256 ${model.sha256}, found ${bundle.sha256} in the store`)
  const { featureSet, source } = bundle.manifest
  if (!featureSets.includes(featureSet.hash)) {
    const made = featureSets.join(', ')
    throw new RejectedError(
      'feature_set_mismatch',
      `model ${modelId} expects vectors of feature set ${featureSet.name} ${featureSet.hash}; this version makes ${made}: train it again, or run the version it came from`,
    )
  }
  if (market.source === 'live' && source !== 'live')
    throw new RejectedError('model_source_mismatch', `model ${modelId} learnt from a ${source} market: it must not price the live one`)
  await refusing(async () => tryForecast(modelId, openBundle(bundle)))
  return { model, observation: { observedAt: market.clock, origin: 'live', source: market.source } }
}

/** Nothing is known of an axie whose vector is empty, and still there must be a forecast. */
function tryForecast(modelId: string, model: ReturnType<typeof openBundle>): void {
  const forecast = () => model.predict(new Float32Array(model.vectorWidth).fill(Number.NaN), Float64Array.of(Math.log(30)))
  try {
    const { quantilesUsd } = forecast()
    requireQuick(modelId, forecast, systemClock)
    if (!quantilesUsd.every((usd) => Number.isFinite(usd) && usd > 0))
      throw new RejectedError('no_forecast', `model ${modelId}: expected dollars of an unknown axie, found ${[...quantilesUsd].join(', ')}`)
  } finally {
    model.dispose()
  }
}

/** Milliseconds for one listing. Models of ours take less than one; whoever takes so long holds all listings up. */
const maxMillis = 50
const tries = 5

/** The quickest of a few tries, as the machine may be busy with something else. RejectedError `model_slow`. */
export function requireQuick(modelId: string, forecast: () => unknown, clock: Pick<Clock, 'monotonic'>): void {
  let quickest = Number.POSITIVE_INFINITY
  for (let count = 0; count < tries && quickest > maxMillis; count++) {
    const begun = clock.monotonic()
    forecast()
    quickest = Math.min(quickest, clock.monotonic() - begun)
  }
  if (quickest <= maxMillis) return
  throw new RejectedError('model_slow', `model ${modelId}: expected a forecast within ${maxMillis} ms, it took ${Math.round(quickest)}`)
}

async function refusing<Value>(work: () => Promise<Value>): Promise<Value> {
  try {
    return await work()
  } catch (error) {
    throw error instanceof BundleError ? new RejectedError(error.code, error.message) : error
  }
}
