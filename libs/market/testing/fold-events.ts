import { RejectedError } from '#lib/errors/errors.ts'
import { applyEvent } from '#lib/market/fold/fold.ts'
import type { MarketState } from '#lib/market/fold/market-state.ts'
import type { MarketEvent } from '#schemas/types.ts'

/** Folds as a processor would: refused events leave no trace. */
export function foldOn(state: MarketState, events: readonly MarketEvent[]): MarketState {
  for (const event of events) {
    try {
      applyEvent(state, event)
    } catch (error) {
      if (!(error instanceof RejectedError)) throw error
    }
  }
  return state
}
