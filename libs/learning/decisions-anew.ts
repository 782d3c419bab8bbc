/**
 * What the learner wrote into the market's events beside what it computes from them anew. Both are in the order of the log, and each answer
 * stands behind all that it was computed from.
 */
import { isPromotion, payloadOf } from '#lib/market/event.ts'
import type { MarketEvent } from '#schemas/types.ts'

export type DecisionDifference = Readonly<{
  eventId: string
  /** Null: computed, and not recorded. */
  recorded: MarketEvent | null
  /** Null: recorded, and not computed. */
  computed: MarketEvent | null
}>

export type DecisionsCompared = Readonly<{
  recorded: number
  computed: number
  identical: number
  /** Computed at the very end: the record ends before they were written. */
  pending: number
  first: DecisionDifference | null
}>

/** Blocks, and what followed from them. What people decide has no evidence. */
export function isOfLearner(event: MarketEvent): boolean {
  const payload = payloadOf(event)
  if (payload.kind === 'ModelsCompared' || payload.kind === 'DecisionHeld') return true
  return (isPromotion(payload) || payload.kind === 'ModelBarred') && payload.value.evidence != null
}

export interface DecisionsAnew {
  /** What the next events of the record make the learner answer. */
  computed(answers: readonly MarketEvent[]): void
  /** These events, after `computed` of the same: an answer stands behind what it was computed from, maybe in the same batch. */
  recorded(events: readonly MarketEvent[]): void
  compared(): DecisionsCompared
}

/** @param bytesOf the event as one would write it now: whatever was recorded by an earlier schema is read by this one */
export function createDecisionsAnew(bytesOf: (event: MarketEvent) => Buffer): DecisionsAnew {
  const known = new Map<string, Readonly<{ event: MarketEvent; place: number }>>()
  const waiting = new Map<string, MarketEvent>()
  const counts = { recorded: 0, identical: 0 }
  let lastMet = -1
  let first: DecisionDifference | null = null

  const note = (difference: DecisionDifference): void => {
    first ??= difference
  }

  const takeRecorded = (event: MarketEvent): void => {
    counts.recorded++
    const found = known.get(event.eventId)
    if (found === undefined) {
      note({ eventId: event.eventId, recorded: event, computed: null })
      return
    }
    waiting.delete(event.eventId)
    lastMet = Math.max(lastMet, found.place)
    if (bytesOf(event).equals(bytesOf(found.event))) counts.identical++
    else note({ eventId: event.eventId, recorded: event, computed: found.event })
  }

  return {
    computed(answers) {
      for (const event of answers) {
        known.set(event.eventId, { event, place: known.size })
        waiting.set(event.eventId, event)
      }
    },
    recorded(events) {
      for (const event of events) if (isOfLearner(event)) takeRecorded(event)
    },
    compared() {
      const missing = [...waiting.values()].filter(({ eventId }) => (known.get(eventId)?.place ?? 0) < lastMet)
      const lost = missing[0]
      const found = first ?? (lost === undefined ? null : { eventId: lost.eventId, recorded: null, computed: lost })
      return { ...counts, computed: known.size, pending: waiting.size - missing.length, first: found }
    },
  }
}
