import type { BackendChoice, TensorRuntime } from '#lib/model/network/tfjs-runtime.ts'
import type { RuleSet } from '#lib/rules/rule-set.ts'
import type { MarketEvent, Source } from '#schemas/types.ts'
import type { LookaheadResult } from './lookahead.ts'
import type { Candidate } from './money/candidate.ts'
import type { Race } from './money/opportunity.ts'
import type { ProgressBar } from './progress.ts'

export type PlayOptions = Readonly<{
  from: number | null
  to: number | null
  /** Null: those that an archive names; for sales, the preset `default`. */
  rules: RuleSet | null
  /** Judged beside, on the same forecasts. */
  alternatives: readonly RuleSet[]
  backend: BackendChoice
  /** Partitions of listings.scored, live: the alerter's clock and limits are those of its partition. */
  partitions: number
  progress: ProgressBar
}>

/** What was priced and decided, by whom, and what really happened: all that the judging needs. */
export type Played = Readonly<{
  /** Sales among them: what really happened, also after what was played. */
  events: readonly MarketEvent[]
  candidates: readonly Candidate[]
  /** Dead letters, by stage and code. */
  refused: Readonly<Record<string, number>>
  /** The market's time, milliseconds, half open. */
  span: Readonly<{ from: number; to: number }>
  source: Source
  backend: TensorRuntime
  models: readonly PlayedModel[]
  /** In the order of the candidates' verdicts. */
  ruleSets: readonly [RuleSet, ...RuleSet[]]
  race: Race
  lookahead: LookaheadResult | null
  recordedAlerts: RecordedAlerts | null
}>

/** Alerts as they were recorded, beside those of this play. */
export type RecordedAlerts = Readonly<{ recorded: number; played: number; identical: number; firstDifferent: string | null }>

/** A model and from when on it priced; what it learnt from, where it was trained here. */
export type PlayedModel = Readonly<{
  from: number
  to: number | null
  modelId: string
  trainedUntil: number | null
  trainedOnSales: number | null
}>
