/**
 * Which model is in force, and which may come into force. A decision of the learner names the champion it takes the place of, and since
 * when: written late, or twice, it finds another one in force and counts for nothing. What people decide counts whatever is in force.
 */
import { createHash } from 'node:crypto'
import { RejectedError } from '#lib/errors/errors.ts'
import type { EventContent } from '#lib/market/read-event.ts'
import type { MarketState } from './market-state.ts'

type Promotion = EventContent & { kind: 'model' }
type Champion = Pick<MarketState, 'model' | 'modelSince' | 'barred'>

/** They are carried beside each committed offset, which has little room. A model barred that long ago has learnt from a market long gone. */
const maxBarred = 40
const shortHash = (modelId: string): string => createHash('sha256').update(modelId).digest('hex').slice(0, 12)

export const isBarred = ({ barred }: Pick<Champion, 'barred'>, modelId: string): boolean => barred.includes(shortHash(modelId))

export function bar(state: Champion, modelId: string): void {
  if (!isBarred(state, modelId)) state.barred = [...state.barred, shortHash(modelId)].slice(-maxBarred)
}

/** RejectedError `model_barred`, `decision_outdated`: the model in force stays. */
export function checkPromotion(state: Champion, { modelId, expected }: Promotion): void {
  if (isBarred(state, modelId)) throw new RejectedError('model_barred', `model ${modelId} is barred: train another`)
  if (expected === null) return
  const { model, modelSince } = state
  // Who was in force before this was remembered is known by the model alone.
  const isInForce = model?.modelId === expected.modelId && (modelSince === null || modelSince === expected.since)
  if (isInForce) return
  const found = model === null ? 'none is' : `${model.modelId} is, since ${modelSince}`
  throw new RejectedError(
    'decision_outdated',
    `${modelId} was to take the place of ${expected.modelId}, in force since ${expected.since}; now ${found}`,
  )
}
