import { deadLetterHeaders } from './dead-letter.ts'
import type { Headers, LogRecord, NewRecord } from './log.ts'
import { withHeaders } from './raw-headers.ts'

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

/** On a record without value behind a dead letter, in its partition: which one was redriven. Written in one transaction with it. */
const redriveMarkHeader = 'redriven-letter'

/** Whether an app's group has this record to process. Every reader of a topic asks, but for those who keep what was written (the archive). */
export function isMeantFor(app: string, headers: Headers): boolean {
  const wanted = headers[redrivenHeaders.for]
  return wanted === undefined || wanted === app
}

/** Where a dead letter is, as people and headers name it. */
export const letterId = ({ partition, offset }: Pick<LogRecord, 'partition' | 'offset'>): string => `${partition}-${offset}`

/** The record as it was, back where it came from; its headers say for whom, and keep the story. */
export const redrivenRecord = (letter: LogRecord): NewRecord => ({
  topic: letter.headers[deadLetterHeaders.topic]!,
  partition: Number(letter.headers[deadLetterHeaders.partition]),
  key: letter.key ?? '',
  value: letter.value,
  ...withHeaders(letter, {
    [redrivenHeaders.for]: letter.headers[deadLetterHeaders.app]!,
    [redrivenHeaders.from]: letterId(letter),
  }),
})

export const redriveMark = (letter: LogRecord): NewRecord => ({
  topic: letter.topic,
  partition: letter.partition,
  key: letter.key ?? '',
  value: null,
  headers: { [redriveMarkHeader]: letterId(letter) },
})

/** The id of the dead letter that this record of the dead letters says was redriven; null where it is a dead letter itself. */
export const redrivenLetterOf = ({ headers }: LogRecord): string | null => headers[redriveMarkHeader] ?? null
