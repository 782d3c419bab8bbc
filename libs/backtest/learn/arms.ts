/**
 * The same market, priced in four ways by the same nightly bundles: by the first for ever, by each night's unjudged, by the one that the
 * learner puts in force, and by the one that was best on each day, which only hindsight knows.
 */

import { openLearningFold } from '#lib/learning/learning-fold.ts'
import { challengerNamedEvent, isPromotion, payloadOf } from '#lib/market/event.ts'
import type { ObjectStore } from '#lib/objectstore/object-store.ts'
import { defaultRules } from '#lib/rules/presets.ts'
import type { MarketEvent, Source } from '#schemas/types.ts'
import packageJson from '../../../package.json' with { type: 'json' }
import { candidateOf } from '../candidate-of.ts'
import { withListings } from '../listings-from-sales.ts'
import type { Candidate } from '../money/candidate.ts'
import { type DayModel, openWalk } from '../walk-forward.ts'

export type ArmMarket = Readonly<{
  events: readonly MarketEvent[]
  /** One bundle a day, each trained on what was before its day; they stand in the store. */
  models: readonly DayModel[]
  store: ObjectStore
  source: Source
  backend: string
  partitions: number
}>

export type ArmDecision = Readonly<{ at: number; kind: string; modelId: string; reason: string }>
export type PlayedArm = Readonly<{ candidates: readonly Candidate[]; decisions: readonly ArmDecision[] }>

/** @param modelOf the model that prices a day from its beginning on; the one in force stays where it is the same */
export async function playArm(market: ArmMarket, modelOf: (day: number) => DayModel): Promise<PlayedArm> {
  const candidates: Candidate[] = []
  const walk = await openArm(market, candidates)
  let inForce: string | null = null
  for (const [day, { from, to }] of market.models.entries()) {
    const model = { ...modelOf(day), from, to }
    const opening = day === 0 || model.modelId !== inForce ? walk.opening(model, day === 0 ? historyOf(market) : []) : []
    inForce = model.modelId
    await walk.chain.play([...opening, ...withListings(eventsOf(market, from, to))])
  }
  return { candidates, decisions: [] }
}

/** Records that the learner reads before what it answered stands in the log. */
const batchSize = 256

/** Every bundle of a night is named as a challenger at its day's beginning; the learner decides, and what it answers stands in the log. */
export async function playJudged(market: ArmMarket): Promise<PlayedArm> {
  const candidates: Candidate[] = []
  const walk = await openArm(market, candidates)
  const { store, backend } = market
  const learner = openLearningFold({ store, backend, capacity: 8, codeVersion: packageJson.version })
  const decisions: ArmDecision[] = []
  let answers: readonly MarketEvent[] = []
  const play = async (events: readonly MarketEvent[]): Promise<void> => {
    for (let from = 0; from < events.length; from += batchSize) {
      const batch = [...answers, ...events.slice(from, from + batchSize)]
      await walk.chain.play(batch)
      answers = await learner.fold(batch)
      decisions.push(...answers.flatMap(decisionOf))
    }
  }
  for (const [day, model] of market.models.entries()) {
    const { modelId, featureSetHash, trainedUntil } = model
    const observation = { observedAt: model.from - 1, origin: 'live', source: market.source } as const
    const named = challengerNamedEvent({ modelId, featureSetHash, trainedUntil, reason: 'nightly' }, observation)
    await play(day === 0 ? walk.opening(model, historyOf(market)) : [named])
    await play([...withListings(eventsOf(market, model.from, model.to))])
  }
  return { candidates, decisions }
}

const eventsOf = ({ events }: ArmMarket, from: number, to: number): MarketEvent[] =>
  events.filter(({ eventTime }) => eventTime >= from && eventTime < to)

const historyOf = (market: ArmMarket): MarketEvent[] => eventsOf(market, Number.NEGATIVE_INFINITY, market.models[0]?.from ?? 0)

const openArm = ({ store, source, backend, partitions, models }: ArmMarket, candidates: Candidate[]) =>
  openWalk({
    store,
    source,
    backend,
    partitions,
    rules: defaultRules,
    from: models[0]?.from ?? 0,
    onDecided: (decided) => void candidates.push(candidateOf(decided)),
  })

function decisionOf(event: MarketEvent): ArmDecision[] {
  const payload = payloadOf(event)
  if (!isPromotion(payload) && payload.kind !== 'ModelBarred') return []
  return [{ at: event.observedAt, kind: payload.kind, modelId: payload.value.modelId, reason: payload.value.reason }]
}

/** A bundle that prices all days from its own on; of a day before it, the first does. */
export const bundleFrom =
  (models: readonly DayModel[], place: number) =>
  (day: number): DayModel =>
    models[day >= place ? place : 0] as DayModel
