import { topicName } from '#lib/market/topics.ts'
import { deadLetterHeaders } from '#lib/stream/dead-letter.ts'
import type { Log, LogRecord } from '#lib/stream/log.ts'
import { letterId, redrivenLetterOf } from '#lib/stream/redriven.ts'
import type { Filter, LetterState } from './arguments.ts'

/** A dead letter, and whether it was sent back. */
export type Letter = Readonly<{
  id: string
  app: string
  /** Without the run's prefix. */
  topic: string
  code: string
  message: string
  attempt: number
  redriven: boolean
  record: LogRecord
}>

/** All dead letters of a run that a filter lets through, oldest first. */
export async function readLetters(log: Log, prefix: string, isWanted: (letter: Letter) => boolean): Promise<Letter[]> {
  const letters = new Map<string, Letter>()
  const redriven = new Set<string>()
  const follower = await log.follow([topicName(prefix, 'dead-letters')], (records) => {
    for (const record of records) {
      const mark = redrivenLetterOf(record)
      if (mark !== null) redriven.add(mark)
      else {
        const letter = letterOf(record, prefix)
        if (isWanted(letter)) letters.set(letter.id, letter)
      }
    }
  })
  try {
    await Promise.race([follower.caughtUp, follower.finished])
  } finally {
    await follower.stop()
  }
  return [...letters.values()]
    .map((letter) => ({ ...letter, redriven: redriven.has(letter.id) }))
    .sort((a, b) => a.record.timestamp - b.record.timestamp || a.id.localeCompare(b.id))
}

function letterOf(record: LogRecord, prefix: string): Letter {
  const header = (name: keyof typeof deadLetterHeaders) => record.headers[deadLetterHeaders[name]] ?? ''
  const topic = header('topic')
  return {
    id: letterId(record),
    app: header('app'),
    topic: topic.startsWith(prefix) ? topic.slice(prefix.length) : topic,
    code: header('code'),
    message: header('message'),
    attempt: Number(header('attempt')) || 1,
    redriven: false,
    record,
  }
}

export const isIn = (filter: Filter, { app, topic, code, record: { key, timestamp } }: Letter): boolean =>
  (filter.app ?? app) === app &&
  (filter.topic ?? topic) === topic &&
  (filter.code ?? code) === code &&
  (filter.key ?? key) === key &&
  timestamp >= filter.since &&
  timestamp < filter.until

export const isInState = (state: LetterState, { redriven }: Letter): boolean => state === 'any' || redriven === (state === 'redriven')
