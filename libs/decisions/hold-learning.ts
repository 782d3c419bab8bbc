import type { Codec } from '#lib/codec/codec.ts'
import { RejectedError } from '#lib/errors/errors.ts'
import { learningHeldEvent } from '#lib/market/event.ts'
import type { Log } from '#lib/stream/log.ts'
import { sendDecisions } from './promote.ts'
import { readModels } from './read-models.ts'

/** `isChanged`: false where it was so before, and nothing was written. */
export type HoldResult = Readonly<{ isHeld: boolean; isChanged: boolean; at: number; reason: string }>

/**
 * Keeps the learner from deciding, or lets it decide again, from the next event of the market on: an event in the one order of all others, so
 * that whoever folds them again decides the same. RejectedError `market_empty`.
 */
export async function holdLearning(
  servers: Readonly<{ log: Log; codec: Codec; prefix: string }>,
  { isHeld, reason }: Readonly<{ isHeld: boolean; reason: string }>,
): Promise<HoldResult> {
  const { market, held, heldAt } = await readModels(servers)
  if (market === null) throw new RejectedError('market_empty', 'expected a market with events to hold or release decisions in, found none')
  if ((held !== null) === isHeld)
    return { isHeld, isChanged: false, at: held?.at ?? heldAt ?? market.clock, reason: held?.reason ?? reason }
  // A market at rest has one time, and an event's id is made of it.
  const at = Math.max(market.clock, (heldAt ?? 0) + 1)
  await sendDecisions(servers, [learningHeldEvent({ isHeld, reason }, { observedAt: at, origin: 'live', source: market.source })])
  return { isHeld, isChanged: true, at, reason }
}
