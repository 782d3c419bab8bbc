import { type Comparison, noComparison, withBlock } from '#lib/learning/comparison.ts'
import { ruleId } from '#lib/learning/judge.ts'
import { learningSettings } from '#lib/learning/settings.ts'
import { type Verdict, verdictOf } from '#lib/learning/verdict.ts'
import { isPromotion, payloadOf } from '#lib/market/event.ts'
import type { MarketEvent, ModelsCompared, TrainingRun } from '#schemas/types.ts'
import { createRecent } from './recent.ts'

export type ModelDecision = Readonly<{
  kind: 'promoted' | 'rolled back' | 'barred' | 'challenger' | 'held' | 'released'
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
  /** Of the models compared with the champion now, as far as blocks were read. */
  verdicts(): Verdict[]
  /** Newest first. */
  trainings(): TrainingRun[]
}>

const mostDecisions = 200
const mostTrainings = 50

export function createModelBook(): ModelBook {
  const decisions: ModelDecision[] = []
  const trainings = createRecent<TrainingRun>(mostTrainings)
  let champion: ModelsCompared['champion'] | null = null
  let comparisons = new Map<string, Comparison>()
  let nextBlock = 0

  const note = (decision: ModelDecision): void => {
    decisions.unshift(decision)
    if (decisions.length > mostDecisions) decisions.pop()
  }

  const takeBlock = (block: ModelsCompared): void => {
    const isOther = champion?.modelId !== block.champion.modelId || champion.since !== block.champion.since
    if (!isOther && block.block < nextBlock) return
    if (isOther) comparisons = new Map()
    champion = block.champion
    nextBlock = block.block + 1
    for (const losses of block.others) comparisons.set(losses.modelId, withBlock(comparisons.get(losses.modelId) ?? noComparison, losses))
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
      else if (payload.kind === 'ModelsCompared') takeBlock(payload.value)
    },
    takeTraining: (run) => trainings.set(run.trainingId, run),
    decisions: () => [...decisions],
    verdicts() {
      const against = champion?.modelId
      if (against === undefined) return []
      return [...comparisons].map(([modelId, comparison]) => {
        const name = modelId === ruleId ? 'rule of similar sales' : modelId
        return verdictOf({ modelId, against, name }, comparison, learningSettings)
      })
    },
    trainings: () => trainings.newest(mostTrainings),
  }
}
