import { percent } from '#lib/words/format.ts'
import { betterOf, type Comparison, salesUntil } from './comparison.ts'
import { type LearningSettings, learningSettings } from './settings.ts'

/** How the forecast that needs no model is called among those compared. */
export const ruleId = 'rule:similar-sales'

/** What people know it as. */
export const nameOf = (modelId: string): string => (modelId === ruleId ? 'rule of similar sales' : modelId)

/** How a model stands beside the one it is compared with. */
export type Standing = 'better' | 'no worse' | 'worse' | 'open'

/** What paired losses say so far; it holds whenever one looks. */
export type Verdict = Readonly<{
  modelId: string
  /** The champion, or a rule that needs no model. */
  against: string
  standing: Standing
  /** Blocks and sales compared. */
  blocks: number
  sales: number
  /** By how much it is better, as a share of the other's loss (negative: worse), with bounds. */
  better: number
  lower: number
  upper: number
  /** About how many more sales it takes, should the difference stay what it is; null where the verdict is there, or none is in sight. */
  salesNeeded: number | null
  /** For people: "challenger better by 2.1%, needs about 900 more sales". */
  sentence: string
}>

/** What is known of a model after a number of blocks. `name`: what people know it as. */
export function verdictOf(
  { modelId, against, name }: Readonly<{ modelId: string; against: string; name: string }>,
  comparison: Comparison,
  settings: LearningSettings,
): Verdict {
  const { better, lower, upper } = betterOf(comparison, settings)
  const standing = standingOf(lower, upper, settings)
  const verdict = {
    modelId,
    against,
    standing,
    blocks: comparison.blocks,
    sales: comparison.sales,
    better,
    lower,
    upper,
    salesNeeded: standing === 'open' ? salesUntil(comparison, 0, better >= 0 ? 1 : -1, settings) : null,
  }
  return { ...verdict, sentence: sentenceOf(name, verdict) }
}

function standingOf(lower: number, upper: number, { margin }: LearningSettings): Standing {
  if (lower > 0) return 'better'
  if (upper < 0) return 'worse'
  return lower > -margin ? 'no worse' : 'open'
}

const size = (share: number): string => percent(Math.abs(share), 1)

/** The sentence of a verdict. @param name what people know the model as: challenger, previous champion */
export function sentenceOf(name: string, { standing, better, lower, upper, sales, salesNeeded }: Omit<Verdict, 'sentence'>): string {
  const bounds = `between ${signed(lower)} and ${signed(upper)} on ${sales} sales`
  const seen = `${name} ${better >= 0 ? 'better' : 'worse'} by ${size(better)}`
  switch (standing) {
    case 'better':
      return `${name} shown better by ${size(better)} (${bounds})`
    case 'worse':
      return `${name} shown worse by ${size(better)} (${bounds})`
    case 'no worse':
      return `${name} shown no worse by ${size(learningSettings.margin)} (${bounds})`
    case 'open':
      return salesNeeded === null ? `${seen}, too little to be shown soon` : `${seen}, needs about ${salesNeeded} more sales`
  }
}

const signed = (share: number): string => `${share < 0 ? '-' : '+'}${size(share)}`
