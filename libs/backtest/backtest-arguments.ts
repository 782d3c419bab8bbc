import type { RuleSet } from '#lib/rules/rule-set.ts'
import type { Source } from '#schemas/types.ts'
import type { ExecutionSettings } from './money/settings.ts'
import type { SweepAxis } from './sweep.ts'

export type BacktestArguments = Readonly<{
  input: Readonly<{ kind: 'sales'; files: readonly string[]; source: Exclude<Source, 'live'> }> | Readonly<{ kind: 'archive'; uri: string }>
  /** Milliseconds; null: the first midnight that has sales of three days before it (of an archive, its first event), and the end. */
  from: number | null
  to: number | null
  /** Null: an archive's own, or the preset `default`. */
  rules: RuleSet | null
  /** Other rule sets, judged beside on the same forecasts. */
  beside: readonly RuleSet[]
  partitions: number
  execution: ExecutionSettings
  sweep: readonly SweepAxis[]
  /** Cut for the look-ahead check: null = not asked for; 'middle' = of the days played. */
  lookahead: number | 'middle' | null
  /** Play the loop of learning instead: null = not asked for; full: by the full settings of training. */
  learn: Readonly<{ full: boolean }> | null
  seed: number
  reportFile: string | null
  json: boolean
}>
