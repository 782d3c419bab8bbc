import {
  decisionHeldEvent,
  marketKey,
  modelBarredEvent,
  modelPromotedEvent,
  modelRolledBackEvent,
  modelsComparedEvent,
  type Observation,
} from '#lib/market/event.ts'
import type { Output } from '#lib/stream/processor.ts'
import type { MarketEvent, ModelsCompared } from '#schemas/types.ts'
import type { Decision } from './judge.ts'

const outputOf = (value: MarketEvent): Output<MarketEvent> => ({ topic: 'market.events', key: marketKey, value })

export const comparedOutput = (compared: ModelsCompared, observation: Observation): Output<MarketEvent> =>
  outputOf(modelsComparedEvent(compared, observation))

/** What would have been decided, did people not hold decisions. */
export const heldOutput = ({ kind, modelId, expected, reason, evidence }: Decision, observation: Observation): Output<MarketEvent> =>
  outputOf(decisionHeldEvent({ kind: kind === 'promote' ? 'promote' : 'roll_back', modelId, expected, reason, evidence }, observation))

/** What a decision writes into the market's events: a rollback bars what it takes out of force, in the same transaction. */
export function decisionOutputs({ kind, bars, ...decision }: Decision, observation: Observation): Output<MarketEvent>[] {
  const { modelId, featureSetHash, reason, expected, evidence } = decision
  const made = { modelId, featureSetHash, reason, expected, evidence }
  if (kind === 'promote') return [outputOf(modelPromotedEvent(made, observation))]
  const barred = bars === null ? [] : [outputOf(modelBarredEvent({ modelId: bars, reason, evidence }, observation))]
  return [outputOf(modelRolledBackEvent(made, observation)), ...barred]
}
