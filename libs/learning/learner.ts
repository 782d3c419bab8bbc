/**
 * The learner folds market.events and nothing else. It prices every listing by the champion, the one before it and one challenger, each in
 * a lane of its own; keeps what they said until the axie sells; and compares. Its answers are events of the market, too: a block of paired
 * losses, and the decisions that follow from the blocks that were read.
 *
 * What it decides is a function of the log alone. Verdicts are a fold of blocks as they stand in the log, and their running sums are
 * carried beside the committed offset; all else (lanes, open forecasts, the open block) is a function of the last weeks. So it may be killed
 * and restored anywhere, and decides what it would have decided.
 */
import { isPromotion, type MarketPayload, type Observation, payloadOf } from '#lib/market/event.ts'
import { carryOf, type MarketCarry } from '#lib/market/fold/market-state.ts'
import { horizonMillis } from '#lib/market/horizons.ts'
import type { PromotedModel } from '#lib/market/item-model.ts'
import { clockOf, readEvent } from '#lib/market/read-event.ts'
import type { RuleSet } from '#lib/rules/rule-set.ts'
import type { AlerterState } from '#lib/stages/alerter.ts'
import type { Output, Processor, Result } from '#lib/stream/processor.ts'
import type { MarketEvent, ShadowForecast } from '#schemas/types.ts'
import { comparedOutput, decisionOutputs, heldOutput } from './decision-events.ts'
import { createForecastMemory, type ForecastMemory } from './forecasts.ts'
import { bar, type Challenger, hold, initialJudgeState, type JudgeState, nameChallenger, next, putInForce, withVeto } from './judge.ts'
import { createLane, type Lane, type LaneOptions } from './lane.ts'
import { beginBlock, closeBlock, confirmBlock, type OpenBlock } from './open-block.ts'
import { type Market, takeListing, takeSale } from './outcomes.ts'
import { pairLosses } from './paired-losses.ts'
import type { LearningSettings } from './settings.ts'

export type LearnerOptions = LaneOptions &
  Readonly<{
    settings: LearningSettings
    /** Rule sets by hash, loaded before the batch: which listings were alerted is left out of what is judged. */
    ruleSet: (hash: string) => RuleSet | undefined
  }>

export type Learnt = MarketEvent | ShadowForecast

export type LearnerState = {
  judge: JudgeState
  readonly champion: Lane
  readonly shadows: readonly Lane[]
  readonly forecasts: ForecastMemory
  readonly alerter: AlerterState
  block: OpenBlock
  market: Market
}

type Carry = Readonly<{ market: MarketCarry; judge: JudgeState; from: number | null; isAwaiting: boolean }>

/** The champion before, and one challenger. */
const shadowLanes = 2

export function createLearner(options: LearnerOptions): Processor<MarketEvent, Learnt, LearnerState> {
  return {
    initial: (carry) => initialState(carry as Carry | undefined, options),
    process: (batch, state) => runsOf(batch.map(({ value }) => value)).flatMap((events) => processRun(state, events, options)),
    memory: {
      // A sale today is compared by a forecast of three days ago, which read a market of three weeks before that; and the block that is
      // open began at most this long ago.
      horizonMillis: horizonMillis + options.settings.forecastMillis + options.settings.block.maxMillis,
      clockOf: ({ value }) => clockOf(value),
      carry: carryNow,
    },
  }
}

function initialState(carry: Carry | undefined, options: LearnerOptions): LearnerState {
  // What a later version added is missing in what an earlier one carried.
  const judge = { ...initialJudgeState, ...carry?.judge }
  const shadows = shadowModels(judge)
  const laneOf = (model: Challenger | undefined): Lane => {
    const { modelId = null, featureSetHash = null } = model ?? {}
    const rulesHash = carry?.market.rulesHash ?? null
    return createLane('shadow', { modelId, featureSetHash, rulesHash, modelSince: null, barred: [] }, options)
  }
  return {
    judge,
    champion: createLane('champion', carry?.market, options),
    shadows: Array.from({ length: shadowLanes }, (_, index) => laneOf(shadows[index])),
    forecasts: createForecastMemory(),
    alerter: emptyAlerter(),
    block: { ...beginBlock(carry?.from ?? Number.NEGATIVE_INFINITY), isAwaiting: carry?.isAwaiting ?? false },
    market: { clock: Number.NEGATIVE_INFINITY, source: 'live', ethUsd: null },
  }
}

const emptyAlerter = (): AlerterState => ({
  clock: Number.NEGATIVE_INFINITY,
  candidates: new Map(),
  order: [],
  hour: { number: Number.NaN, counts: new Map() },
})

const carryNow = ({ champion, judge, block }: LearnerState): Carry => ({
  market: carryOf(champion.market()),
  judge,
  from: Number.isFinite(block.from) ? block.from : null,
  isAwaiting: block.isAwaiting,
})

export const shadowModels = ({ challenger, previous }: JudgeState): Challenger[] => [challenger, previous].filter((model) => model !== null)

/** Every model that a state, or these events, may ask for: they are loaded before a batch. */
export function modelsWanted({ judge, champion: lane }: LearnerState, events: readonly MarketEvent[]): PromotedModel[] {
  const { champion, waiting } = judge
  const known = [champion, waiting, ...shadowModels(judge)].filter((model) => model !== null)
  const named = events.map(payloadOf).filter((payload) => isPromotion(payload) || payload.kind === 'ChallengerNamed')
  const inForce = lane.market().model
  const all = [...(inForce === null ? [] : [inForce]), ...known, ...named.map(({ value }) => value)]
  return all.map(({ modelId, featureSetHash }) => ({ modelId, featureSetHash }))
}

const aboutModels: ReadonlySet<MarketPayload['kind']> = new Set([
  'ModelPromoted',
  'ModelRolledBack',
  'ModelBarred',
  'ChallengerNamed',
  'ModelsCompared',
])

/** Cut where it may change which model is in which lane: between, all listings of a run share a prediction. */
function runsOf(events: readonly MarketEvent[]): MarketEvent[][] {
  const runs: MarketEvent[][] = []
  let isOpen = false
  for (const event of events) {
    const isAlone = aboutModels.has(payloadOf(event).kind)
    if (isAlone || !isOpen) runs.push([event])
    else runs.at(-1)?.push(event)
    isOpen = !isAlone
  }
  return runs
}

type Answer = Result<Learnt>

function processRun(state: LearnerState, events: readonly MarketEvent[], options: LearnerOptions): Answer[] {
  const lanes = [state.champion, ...state.shadows]
  const results = lanes.map((lane) => lane.process(events))
  return events.map((event, index) => {
    const [champion, ...shadows] = results.map((lane) => lane[index])
    if (champion === undefined || champion.refusal === 'future_event' || Number.isNaN(clockOf(event)))
      return { type: 'skip', reason: 'refused' }
    const outputs = [...advance(state, event, options.settings)]
    const payload = payloadOf(event)
    if (payload.kind === 'Listing' && champion.scored !== null)
      outputs.push(
        ...takeListing(
          state,
          champion.scored,
          shadows.flatMap((lane) => lane?.scored ?? []),
          options,
        ),
      )
    else if (payload.kind === 'Sale' && champion.taken) takeSale(state, event)
    else outputs.push(...takeDecision(state, payload, event, champion.refusal, options))
    return outputs.length === 0 ? { type: 'skip', reason: payload.kind } : { type: 'emit', outputs }
  })
}

/** Moves the clock on: a block may end, and old forecasts are forgotten. */
function advance(state: LearnerState, event: MarketEvent, settings: LearningSettings): Output<Learnt>[] {
  const { market, block, judge } = state
  const before = market.clock
  state.market = { ...market, clock: Math.max(before, event.observedAt), source: event.source }
  const content = readEvent(event)
  if (content.kind === 'exchange_rate') state.market = { ...state.market, ethUsd: { usd: content.rates.ETH, knownAt: state.market.clock } }
  if (!(event.observedAt > before)) return []
  state.forecasts.forgetUpTo(state.market.clock - settings.forecastMillis)
  if (judge.champion === null) return []
  const closed = closeBlock(block, before, settings)
  if (closed === null) return []
  const { modelId, since } = judge.champion
  const compared = {
    block: judge.block,
    champion: { modelId, since },
    from: closed.from,
    to: closed.to,
    others: pairLosses(closed.sales, modelId, settings.clip),
    alertedSales: closed.alertedSales,
  }
  return [comparedOutput(compared, observationOf(state))]
}

function takeDecision(
  state: LearnerState,
  payload: MarketPayload,
  event: MarketEvent,
  refusal: string | null,
  options: LearnerOptions,
): Output<Learnt>[] {
  const { judge, block, market } = state
  switch (payload.kind) {
    case 'ModelPromoted':
    case 'ModelRolledBack': {
      // What the fold refuses does not come into force; a challenger that cannot be used is one no longer.
      if (refusal !== null) state.judge = refusal === 'decision_outdated' ? judge : bar(judge, payload.value.modelId, market.clock)
      else {
        const { modelId, featureSetHash, evidence = null } = payload.value
        const trainedUntil = trainedUntilOf(modelId, options)
        const isRollback = payload.kind === 'ModelRolledBack'
        state.judge = putInForce(judge, { modelId, featureSetHash, trainedUntil, since: event.observedAt, evidence, isRollback })
        state.block = beginBlock(market.clock)
      }
      break
    }
    case 'ChallengerNamed':
      state.judge = nameChallenger(judge, payload.value, market.clock)
      break
    case 'ModelBarred':
      state.judge = bar(judge, payload.value.modelId, market.clock)
      break
    case 'LearningHeld':
      state.judge = hold(judge, payload.value.isHeld)
      break
    case 'MoneyEvidence':
      state.judge = withVeto(judge, payload.value)
      break
    case 'ModelsCompared': {
      const judged = next(judge, payload.value, options.settings)
      if (judged.state === judge) break
      confirmBlock(block, payload.value.to)
      state.judge = judged.state
      fillLanes(state)
      const { decision, held } = judged
      if (held !== null) return [heldOutput(held, observationOf(state))]
      return decision === null ? [] : decisionOutputs(decision, observationOf(state))
    }
    default:
      return []
  }
  fillLanes(state)
  return []
}

/** Sales by which a model was made; a function of its bundle, which never changes. 0 where it cannot be read. */
function trainedUntilOf(modelId: string, { model }: LearnerOptions): number {
  const found = model(modelId)
  return found === undefined || 'code' in found ? 0 : found.trainedUntil
}

/** Gives every model that is compared a lane, and lets the others rest. One that cannot be used is compared no longer. */
function fillLanes(state: LearnerState): void {
  for (const lane of state.shadows) {
    const modelId = lane.model()?.modelId
    if (modelId !== undefined && !shadowModels(state.judge).some((model) => model.modelId === modelId)) lane.rest()
  }
  const { clock } = state.market
  for (const model of shadowModels(state.judge)) {
    if (state.shadows.some((lane) => lane.model()?.modelId === model.modelId)) continue
    const lane = state.shadows.find((one) => one.model() === null) as Lane
    if (!lane.give(model, observationOf(state))) {
      state.judge = bar(state.judge, model.modelId, clock)
      fillLanes(state)
      return
    }
  }
}

const observationOf = ({ market: { clock, source } }: LearnerState): Observation => ({ observedAt: clock, origin: 'live', source })
