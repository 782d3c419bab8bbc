import { createFold } from '#lib/stream/runtime/fold.ts'
import type { MarketEvent } from '#schemas/types.ts'
import { type OpenLearnerOptions, openLearner } from './open-learner.ts'

/** The learner on events that nobody streams: those of a backtest, or of a record. */
export interface LearningFold {
  /** What it answers to the next events of the market, in their order: blocks and decisions. What shadows said is left out. */
  fold(events: readonly MarketEvent[]): Promise<MarketEvent[]>
}

const isEvent = (learnt: object): learnt is MarketEvent => 'eventId' in learnt

/** From the market's first event on. */
export function openLearningFold(options: OpenLearnerOptions): LearningFold {
  const { processor, prepare } = openLearner(options)
  const fold = createFold(processor, { offset: 0, clock: null, carry: undefined })
  let offset = 0
  return {
    async fold(events) {
      await prepare(events)
      const inputs = events.map((value) => ({
        value,
        record: { topic: 'market.events', partition: 0, offset: offset++, timestamp: 0, key: null, headers: {} },
      }))
      const results = fold.apply(inputs)
      return results.flatMap((result) => (result.type === 'emit' ? result.outputs.map(({ value }) => value).filter(isEvent) : []))
    },
  }
}
