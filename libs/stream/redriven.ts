import type { Headers } from './log.ts'

/**
 * Headers of a dead letter that was sent back to the topic it came from, beside those of the dead letter, which stay.
 * The topic is read by several groups, and all but one have long processed the record.
 */
export const redrivenHeaders = {
  /** The app whose group is to process it, without the run's prefix: a replay into other topics reads it the same. */
  for: 'redriven-for',
  /** Where in the dead letters it was: `partition-offset`. */
  from: 'redriven-from',
} as const

/** Whether an app's group has this record to process. Every reader of a topic asks, but for those who keep what was written (the archive). */
export function isMeantFor(app: string, headers: Headers): boolean {
  const wanted = headers[redrivenHeaders.for]
  return wanted === undefined || wanted === app
}
