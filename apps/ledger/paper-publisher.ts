import type { Clock } from '#lib/clock/clock.ts'
import type { Codec } from '#lib/codec/codec.ts'
import { decodeKnown } from '#lib/codec/decode-known.ts'
import { RetryableError } from '#lib/errors/errors.ts'
import { topicName } from '#lib/market/topics.ts'
import type { PaperBook } from '#lib/paper/paper-book.ts'
import { backoffMillis } from '#lib/stream/backoff.ts'
import type { Log } from '#lib/stream/log.ts'
import type { PaperTrade } from '#schemas/types.ts'

/** Keeps topic `paper.trades` (compacted by trade id) as the paper accounts have it. */
export interface PaperPublisher {
  /** Reads what is published already, into the book. Call it first. */
  load(): Promise<void>
  /** From now on the book decides, and what it decides is written. */
  begin(): void
  /** Resolves after `stop`; rejects when writing fails for good. */
  readonly finished: Promise<void>
  stop(): void
}

export type PaperPublisherOptions = Readonly<{
  log: Pick<Log, 'follow' | 'producer'>
  codec: Codec
  prefix: string
  clock: Clock
  book: Pick<PaperBook, 'load' | 'settle'>
  onUnreadable: () => void
  onWritten: (trades: readonly PaperTrade[]) => void
  /** Null: it goes on. */
  onTrouble: (problem: string | null) => void
}>

const lookMillis = 1_000

/** What was decided is written before anything else is decided: whatever is killed, the next start goes on from what is there. */
export function createPaperPublisher(options: PaperPublisherOptions): PaperPublisher {
  const { log, codec, prefix, clock, book, onUnreadable, onWritten, onTrouble } = options
  const topic = topicName(prefix, 'paper.trades')
  const producer = log.producer()
  const stopping = new AbortController()
  const begun = Promise.withResolvers<void>()
  let decided: readonly PaperTrade[] = []

  const work = async (): Promise<void> => {
    await begun.promise
    for (let failures = 0; !stopping.signal.aborted; ) {
      try {
        if (decided.length === 0) decided = book.settle()
        if (decided.length > 0) {
          await producer.send(decided.map((trade) => ({ topic, key: trade.tradeId, value: codec.encode('PaperTrade', trade) })))
          onWritten(decided)
          decided = []
        }
        if (failures > 0) onTrouble(null)
        failures = 0
      } catch (error) {
        if (!(error instanceof RetryableError)) throw error
        onTrouble(error.message)
        failures++
      }
      await clock.sleep(failures === 0 ? lookMillis : backoffMillis(failures, clock), stopping.signal).catch(() => {})
    }
  }

  return {
    async load() {
      const following = await log.follow([topic], async (records) => {
        for (const { value } of records) {
          const trade = await decodeKnown(codec, 'PaperTrade', value, onUnreadable)
          if (trade !== null) book.load(trade)
        }
      })
      await Promise.race([following.caughtUp, following.finished])
      await following.stop()
    },
    begin: () => begun.resolve(),
    finished: work().finally(() => producer.close()),
    stop() {
      stopping.abort(new Error('stopping'))
      begun.resolve()
    },
  }
}
