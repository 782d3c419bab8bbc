import type { Clock } from '#lib/clock/clock.ts'
import type { Codec } from '#lib/codec/codec.ts'
import { decodeKnown } from '#lib/codec/decode-known.ts'
import { RejectedError } from '#lib/errors/errors.ts'
import { readEvent } from '#lib/market/read-event.ts'
import { topicName } from '#lib/market/topics.ts'
import { retrying } from '#lib/stream/backoff.ts'
import type { Log, LogRecord } from '#lib/stream/log.ts'
import type { MarketEvent, Outcome, Position } from '#schemas/types.ts'
import type { PositionBook } from './position-book.ts'
import type { PositionWriter } from './position-writer.ts'
import { endedBySale, type SeenSale } from './seen-sale.ts'

export type PositionWatchOptions = Readonly<{
  log: Pick<Log, 'follow'>
  codec: Codec
  prefix: string
  clock: Clock
  book: PositionBook
  writer: Pick<PositionWriter, 'sold'>
  onTrouble(problem: string): void
}>

/** The newest of market.events: more than come in a day. Outcomes are all read. */
const newestEvents = 200_000

/**
 * Ends positions whose axie is seen to sell: one bought by an alert when the ledger says so, any other by the next sale of that axie. What a
 * watch before this one missed is seen again, and a position ends once.
 */
export async function watchPositions(options: PositionWatchOptions): Promise<Readonly<{ finished: Promise<void>; stop(): Promise<void> }>> {
  const { log, codec, prefix, book, onTrouble } = options
  const [outcomes, events] = [topicName(prefix, 'outcomes'), topicName(prefix, 'market.events')]
  const stopping = new AbortController()
  const sell = createSell(options, stopping.signal)
  let work: Promise<void> = Promise.resolve()

  const endingsOf = async ({ topic, value }: LogRecord): Promise<Ending[]> => {
    // Most of the time nobody has anything, and then nothing need be read.
    if (book.open().length === 0) return []
    if (topic === outcomes) return byOutcome(book.open(), await decodeKnown(codec, 'Outcome', value))
    const sale = saleOf(await decodeKnown(codec, 'MarketEvent', value))
    return sale === null ? [] : endedBySale(book.open(), sale).map((position) => ({ position, at: sale.soldAt, usd: sale.usd }))
  }
  /** One after the other; what fails is told, and the rest goes on. */
  const take = async (record: LogRecord): Promise<void> => {
    for (const ending of await endingsOf(record)) work = work.then(() => sell(ending).catch((error: Error) => onTrouble(error.message)))
  }
  const follower = await log.follow(
    [outcomes, events],
    async (records) => {
      for (const record of records) await take(record)
    },
    {
      startAt({ topic, first, next }) {
        // What came before a position was opened ends none.
        if (book.open().length === 0) return next
        return topic === outcomes ? first : Math.max(first, next - newestEvents)
      },
    },
  )
  return {
    finished: follower.finished,
    async stop() {
      stopping.abort()
      await follower.stop()
      await work
    },
  }
}

type Ending = Readonly<{ position: Position; at: number | null; usd: number }>

/** Whoever pressed Bought has it: one axie may be in several accounts. */
function byOutcome(open: readonly Position[], outcome: Outcome | null): Ending[] {
  if (outcome === null || outcome.kind !== 'alert' || outcome.resoldUsd === null) return []
  const { alertId, resoldAt: at, resoldUsd: usd } = outcome
  return open.filter((position) => position.alertId === alertId).map((position) => ({ position, at, usd }))
}

/** Null: no sale, or none whose price in dollars is known. */
function saleOf(event: MarketEvent | null): SeenSale | null {
  if (event === null) return null
  try {
    const content = readEvent(event)
    if (content.kind !== 'sale' || content.usd === null) return null
    return { tokenId: content.sale.item.tokenId, soldAt: content.sale.soldAt, usd: content.usd }
  } catch (error) {
    if (error instanceof RejectedError) return null
    throw error
  }
}

/** Tried for as long as the log is away: what was seen to sell is open for nobody any more. */
function createSell({ clock, book, writer, onTrouble }: PositionWatchOptions, stopping: AbortSignal): (ending: Ending) => Promise<void> {
  const onProblem = (problem: Error | null) =>
    problem && onTrouble(`a position that was seen to sell is not closed yet: ${problem.message}`)
  return async ({ position: { account, tokenId, positionId, boughtAt }, at, usd }) => {
    const close = async (): Promise<void> => {
      if (!book.open().some((one) => one.positionId === positionId)) return
      // People speak by our clock, and a simulated market has one of its own.
      const soldAt = at !== null && at >= boughtAt ? at : clock.now()
      await writer.sold({ account, tokenId, usd, at: soldAt, by: 'seen' })
    }
    await retrying(close, { clock, signal: stopping, onProblem })
  }
}
