import type { ExpectedChampion, ModelsCompared } from '#schemas/types.ts'
import { type Comparison, noComparison, withBlock } from './comparison.ts'

/** What was compared with one champion while it was in force. Times on the market's clock. */
export type ChampionsComparisons = Readonly<{
  champion: ExpectedChampion
  from: number
  to: number
  /** By the other model's id. */
  others: ReadonlyMap<string, Comparison>
}>

/** The blocks of sales that the learner wrote, summed up for each champion in turn. */
export interface Comparisons {
  take(block: ModelsCompared): void
  /** Oldest first. */
  all(): readonly ChampionsComparisons[]
  newest(): ChampionsComparisons | null
}

/** @param most champions that are remembered */
export function createComparisons(most: number): Comparisons {
  const all: ChampionsComparisons[] = []
  let nextBlock = 0
  return {
    take({ block, champion, from, to, others }) {
      const last = all.at(-1)
      const isSame = last?.champion.modelId === champion.modelId && last.champion.since === champion.since
      // Met twice, it counts once.
      if (isSame && block < nextBlock) return
      nextBlock = block + 1
      const before = isSame ? last : { champion, from, others: new Map<string, Comparison>() }
      const sums = new Map(before.others)
      for (const losses of others) sums.set(losses.modelId, withBlock(sums.get(losses.modelId) ?? noComparison, losses))
      if (isSame) all.pop()
      all.push({ ...before, to, others: sums })
      if (all.length > most) all.shift()
    },
    all: () => all,
    newest: () => all.at(-1) ?? null,
  }
}
