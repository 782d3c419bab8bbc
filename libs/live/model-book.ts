import { createComparisons } from '#lib/learning/comparisons.ts'
import { learningSettings } from '#lib/learning/settings.ts'
import { nameOf, ruleId, type Verdict, verdictOf } from '#lib/learning/verdict.ts'
import { isPromotion, payloadOf } from '#lib/market/event.ts'
import type { MarketEvent, ModelsCompared, TrainingRun } from '#schemas/types.ts'
import { createRecent } from './recent.ts'

export type ModelDecision = Readonly<{
  kind: 'promoted' | 'rolled back' | 'barred' | 'challenger' | 'held' | 'released' | 'not promoted' | 'not rolled back'
  /** Null where it concerns no model. */
  modelId: string | null
  /** On the market's clock. */
  at: number
  reason: string
}>

/** How the champion did in one block of sales. */
export type ChampionBlock = Readonly<{
  /** When it ended, on the market's clock. */
  at: number
  modelId: string
  sales: number
  /** The share of loss that it saves beside the rule that needs no model, on the same sales: 0 is no better. */
  skill: number
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
  /** The champions' line over time, oldest first: blocks in which the rule had forecasts, too. */
  line(): ChampionBlock[]
  /** Newest first. */
  trainings(): TrainingRun[]
}>

const maxDecisions = 200
/** Sales of a block: the skill on fewer says nothing that a line should show. */
const fewestSales = 20
const maxTrainings = 50
/** Three weeks of blocks of an hour. */
const maxBlocks = 500

export function createModelBook(): ModelBook {
  const decisions: ModelDecision[] = []
  const trainings = createRecent<TrainingRun>(maxTrainings)
  const comparisons = createComparisons(1)
  const line: ChampionBlock[] = []

  const note = (decision: ModelDecision): void => {
    decisions.unshift(decision)
    if (decisions.length > maxDecisions) decisions.pop()
  }

  const takeBlock = (block: ModelsCompared): void => {
    comparisons.take(block)
    const rule = block.others.find(({ modelId }) => modelId === ruleId)
    const last = line.at(-1)
    if (rule === undefined || rule.sales < fewestSales || (last !== undefined && block.to <= last.at)) return
    line.push({
      at: block.to,
      modelId: block.champion.modelId,
      sales: rule.sales,
      skill: 1 - rule.championLoss / (rule.championLoss - rule.difference),
    })
    if (line.length > maxBlocks) line.shift()
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
      } else if (payload.kind === 'ModelsCompared') takeBlock(payload.value)
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
    line: () => [...line],
    trainings: () => trainings.newest(maxTrainings),
  }
}
