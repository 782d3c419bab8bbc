import { createHash } from 'node:crypto'
import type { Clock } from '#lib/clock/clock.ts'
import type { Codec } from '#lib/codec/codec.ts'
import { decodeKnown } from '#lib/codec/decode-known.ts'
import { RetryableError } from '#lib/errors/errors.ts'
import { topicName } from '#lib/market/topics.ts'
import { backoffMillis } from '#lib/stream/backoff.ts'
import type { Log } from '#lib/stream/log.ts'
import type { Outcome } from '#schemas/types.ts'

/** Keeps topic `outcomes` (compacted by alert id) as the book has it. */
export interface OutcomePublisher {
  /** Reads what is published already. Call it first. */
  load(): Promise<void>
  /** Takes note; nothing is written before `begin`. */
  revise(outcomes: readonly Outcome[]): void
  /** From now on, whatever differs from what is published is written. Until then the past is only being read again. */
  begin(): void
  /** Resolves after `stop`, when what is in hand is written; rejects when writing fails for good. */
  readonly finished: Promise<void>
  stop(): void
}

export type OutcomePublisherOptions = Readonly<{
  onUnreadable?: () => void
  log: Pick<Log, 'follow' | 'producer'>
  codec: Codec
  prefix: string
  clock: Clock
  onPublished?: (count: number) => void
  /** Null: it goes on. */
  onTrouble?: (problem: string | null) => void
}>

const maxAtOnce = 500
const final = 'final'

/**
 * An outcome is a function of the log, and writing it twice changes nothing: killed at any line, the next start reads the same log and
 * writes what is missing. One that was published as final stays, even where the log no longer reaches back to it.
 */
export function createOutcomePublisher(options: OutcomePublisherOptions): OutcomePublisher {
  const { log, codec, prefix, clock, onPublished, onTrouble, onUnreadable } = options
  const topic = topicName(prefix, 'outcomes')
  const producer = log.producer()
  /** By id: a hash of what is published, or that it is final. */
  const published = new Map<string, string>()
  const pending = new Map<string, Outcome>()
  const stopping = new AbortController()
  const begun = Promise.withResolvers<boolean>()
  let wake = Promise.withResolvers<void>()

  const isNews = (outcome: Outcome) => {
    const known = published.get(outcome.alertId)
    return known !== final && known !== markOf(outcome)
  }

  /** False: told to stop before it was done; the next start does it. */
  const persist = async (outcomes: readonly Outcome[]): Promise<boolean> => {
    for (let failures = 1; ; failures++) {
      try {
        await producer.send(outcomes.map((outcome) => ({ topic, key: outcome.alertId, value: codec.encode('Outcome', outcome) })))
        if (failures > 1) onTrouble?.(null)
        return true
      } catch (error) {
        if (!(error instanceof RetryableError)) throw error
        if (stopping.signal.aborted) return false
        onTrouble?.(error.message)
        await clock.sleep(backoffMillis(failures, clock), stopping.signal).catch(() => {})
      }
    }
  }

  const publish = async (): Promise<void> => {
    // Before it has begun, what is pending may lack the newest events.
    if (!(await begun.promise)) return
    for (;;) {
      const batch = [...pending.values()].slice(0, maxAtOnce)
      for (const { alertId } of batch) pending.delete(alertId)
      const news = batch.filter(isNews)
      if (news.length > 0) {
        if (!(await persist(news))) return
        for (const outcome of news) published.set(outcome.alertId, markOf(outcome))
        onPublished?.(news.length)
      }
      if (pending.size > 0) continue
      if (stopping.signal.aborted) return
      await wake.promise
      wake = Promise.withResolvers<void>()
    }
  }

  return {
    async load() {
      const following = await log.follow([topic], async (records) => {
        for (const { value } of records) {
          const outcome = await decodeKnown(codec, 'Outcome', value, onUnreadable)
          if (outcome !== null) published.set(outcome.alertId, markOf(outcome))
        }
      })
      await Promise.race([following.caughtUp, following.finished])
      await following.stop()
    },
    revise(outcomes) {
      for (const outcome of outcomes) pending.set(outcome.alertId, outcome)
      wake.resolve()
    },
    begin: () => begun.resolve(true),
    finished: publish().finally(() => producer.close()),
    stop() {
      stopping.abort(new Error('stopping'))
      begun.resolve(false)
      wake.resolve()
    },
  }
}

const markOf = (outcome: Outcome): string =>
  outcome.isFinal
    ? final
    : createHash('sha256')
        .update(JSON.stringify(Object.entries(outcome).sort()))
        .digest('base64')
