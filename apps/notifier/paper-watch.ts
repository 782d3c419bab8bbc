import type { Codec } from '#lib/codec/codec.ts'
import { decodeKnown } from '#lib/codec/decode-known.ts'
import { topicName } from '#lib/market/topics.ts'
import type { Log } from '#lib/stream/log.ts'
import type { PaperTrade } from '#schemas/types.ts'

/** What the ledger's paper accounts did. */
export type PaperWatch = Readonly<{
  trades(): readonly PaperTrade[]
  finished: Promise<void>
  stop(): Promise<void>
}>

export type PaperWatchOptions = Readonly<{
  log: Pick<Log, 'follow'>
  codec: Codec
  prefix: string
  onUnreadable?: () => void
}>

/** Follows topic `paper.trades`; resolves when all that was said so far is known. */
export async function followPaper({ log, codec, prefix, onUnreadable }: PaperWatchOptions): Promise<PaperWatch> {
  const trades = new Map<string, PaperTrade>()
  const follower = await log.follow([topicName(prefix, 'paper.trades')], async (records) => {
    for (const { value } of records) {
      const trade = await decodeKnown(codec, 'PaperTrade', value, onUnreadable)
      if (trade !== null) trades.set(trade.tradeId, trade)
    }
  })
  await Promise.race([follower.caughtUp, follower.finished])
  return { trades: () => [...trades.values()], finished: follower.finished, stop: () => follower.stop() }
}
