import type { Clock } from '#lib/clock/clock.ts'
import type { Marketplace } from '#lib/marketplace/client.ts'
import type { Health } from '#lib/telemetry/health.ts'
import type { Logger } from '#lib/telemetry/logger.ts'
import type { CollectorMetrics } from './collector-metrics.ts'
import type { Committer } from './committer.ts'
import type { Collecting } from './decision.ts'

/** What every task of the collector works with. */
export type TaskContext = Readonly<{
  marketplace: Marketplace
  committer: Committer
  collecting: Collecting
  paging: Paging
  health: Pick<Health, 'turned'>
  clock: Clock
  logger: Logger
  metrics: CollectorMetrics
  /** The market's clock at the newest answer; null before the first. */
  marketTime(): number | null
}>

export type Paging = Readonly<{
  size: number
  /** How many entries neighbouring pages share, and how many known ones end a reading. */
  overlap: number
  /** A reading longer than this is given up: what is older is left to the sweep. */
  maxPages: number
}>
