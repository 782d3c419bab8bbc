import { RejectedError } from '#lib/errors/errors.ts'
import { type ChampionsComparisons, createComparisons } from '#lib/learning/comparisons.ts'
import { isPromotion, type MarketPayload, payloadOf } from '#lib/market/event.ts'
import { bar, checkPromotion, isBarred } from '#lib/market/fold/champion.ts'
import type { PromotedModel } from '#lib/market/item-model.ts'
import type { MarketEvent, Source } from '#schemas/types.ts'

/** One decision about which model prices, in the order of the market's events. */
export type PromotionMade = Readonly<{
  modelId: string
  /** On the market's clock, milliseconds. */
  at: number
  reason: string
}>

/** What was decided about models: a fold of the market's events. */
export type ModelHistory = Readonly<{
  /** Those that count, rollbacks among them: what was refused as outdated or barred is not here. */
  promotions: readonly PromotionMade[]
  /** Why no promotion of a model counts any more, by its id. */
  barred: ReadonlyMap<string, string>
  /** Models that were ever named to be compared. */
  challengers: ReadonlySet<string>
  /** Since when people hold decisions, and why; null where the learner decides. */
  held: Readonly<{ at: number; reason: string }> | null
  /** When people last held or released decisions: no two such events have one moment. */
  heldAt: number | null
  /** Oldest first. */
  comparisons: readonly ChampionsComparisons[]
  /** What the newest event of the market says: the time on its clock, and which market it is. Null of an empty one. */
  market: Readonly<{ clock: number; source: Source }> | null
}>

const maxChampions = 1_000

/** @param isWhole whether it is told of the market from its first event on: else who was in force before the first promotion is unknown */
export function createModelHistory(isWhole: () => boolean): { take(event: MarketEvent): void; history(): ModelHistory } {
  const champion = { model: null as PromotedModel | null, modelSince: null as number | null, barred: [] as readonly string[] }
  const promotions: PromotionMade[] = []
  const barred = new Map<string, string>()
  const challengers = new Set<string>()
  const comparisons = createComparisons(maxChampions)
  let [held, heldAt]: [ModelHistory['held'], number | null] = [null, null]
  let market: ModelHistory['market'] = null

  const isRefused = (value: Extract<MarketPayload, { kind: 'ModelPromoted' }>['value'], since: number): boolean => {
    const { modelId, featureSetHash } = value
    const expected = champion.model === null && !isWhole() ? null : (value.expected ?? null)
    try {
      checkPromotion(champion, { kind: 'model', modelId, featureSetHash, since, expected })
      return false
    } catch (error) {
      if (!(error instanceof RejectedError)) throw error
      return true
    }
  }

  return {
    take(event) {
      market = { clock: Math.max(market?.clock ?? 0, event.observedAt), source: event.source }
      const [payload, at] = [payloadOf(event), event.observedAt]
      if (isPromotion(payload)) {
        const { modelId, featureSetHash, reason } = payload.value
        if (isRefused(payload.value, at)) return
        promotions.push({ modelId, at, reason })
        Object.assign(champion, { model: { modelId, featureSetHash }, modelSince: at })
      } else if (payload.kind === 'ModelBarred') {
        if (!isBarred(champion, payload.value.modelId)) barred.set(payload.value.modelId, payload.value.reason)
        bar(champion, payload.value.modelId)
      } else if (payload.kind === 'ChallengerNamed') challengers.add(payload.value.modelId)
      else if (payload.kind === 'ModelsCompared') comparisons.take(payload.value)
      else if (payload.kind === 'LearningHeld') {
        heldAt = at
        held = payload.value.isHeld ? { at, reason: payload.value.reason } : null
      }
    },
    history: () => ({ promotions, barred, challengers, held, heldAt, comparisons: comparisons.all(), market }),
  }
}
