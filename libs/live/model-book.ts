import { createComparisons } from '#lib/learning/comparisons.ts'
import { learningSettings } from '#lib/learning/settings.ts'
import { nameOf, type Verdict, verdictOf } from '#lib/learning/verdict.ts'
import { isPromotion, payloadOf } from '#lib/market/event.ts'
import type { MarketEvent, TrainingRun } from '#schemas/types.ts'
import { createRecent } from './recent.ts'

export type ModelDecision = Readonly<{
  kind: 'promoted' | 'rolled back' | 'barred' | 'challenger' | 'held' | 'released' | 'not promoted' | 'not rolled back'
  /** Null where it concerns no model. */
  modelId: string | null
  /** On the market's clock. */
  at: number
  reason: string
}>

/** What people are shown of models: decisions, how those compared stand, and trainings. In bounded memory. */
export type ModelBook = Readonly<{
  /** An event that the market's fold has taken. Models in force before and after it: a promotion that was refused changes neither. */
  take(event: MarketEvent, before: string | null, after: string | null): void
  takeTraining(run: TrainingRun): void
  /** Newest first. */
  decisions(): ModelDecision[]
  /** The verdicts on the models compared with the champion now, as far as blocks were read. */
  verdicts(): Verdict[]
  /** Newest first. */
  trainings(): TrainingRun[]
}>

const mostDecisions = 200
const mostTrainings = 50

export function createModelBook(): ModelBook {
  const decisions: ModelDecision[] = []
  const trainings = createRecent<TrainingRun>(mostTrainings)
  const comparisons = createComparisons(1)

  const note = (decision: ModelDecision): void => {
    decisions.unshift(decision)
    if (decisions.length > mostDecisions) decisions.pop()
  }

  return {
    take(event, before, after) {
      const payload = payloadOf(event)
      const at = event.observedAt
      if (isPromotion(payload)) {
        const { modelId, reason } = payload.value
        if (before !== after && after === modelId)
          note({ kind: payload.kind === 'ModelPromoted' ? 'promoted' : 'rolled back', modelId, at, reason })
      } else if (payload.kind === 'ModelBarred') note({ kind: 'barred', modelId: payload.value.modelId, at, reason: payload.value.reason })
      else if (payload.kind === 'ChallengerNamed')
        note({ kind: 'challenger', modelId: payload.value.modelId, at, reason: payload.value.reason })
      else if (payload.kind === 'LearningHeld')
        note({ kind: payload.value.isHeld ? 'held' : 'released', modelId: null, at, reason: payload.value.reason })
      else if (payload.kind === 'DecisionHeld') {
        const kind = payload.value.kind === 'promote' ? 'not promoted' : 'not rolled back'
        note({ kind, modelId: payload.value.modelId, at, reason: `${payload.value.reason}; people hold decisions` })
      } else if (payload.kind === 'ModelsCompared') comparisons.take(payload.value)
    },
    takeTraining: (run) => trainings.set(run.trainingId, run),
    decisions: () => [...decisions],
    verdicts() {
      const newest = comparisons.newest()
      if (newest === null) return []
      const against = newest.champion.modelId
      return [...newest.others].map(([modelId, comparison]) =>
        verdictOf({ modelId, against, name: nameOf(modelId) }, comparison, learningSettings),
      )
    },
    trainings: () => trainings.newest(mostTrainings),
  }
}
