import type { Codec } from '#lib/codec/codec.ts'
import { topicName } from '#lib/market/topics.ts'
import type { Producer } from '#lib/stream/log.ts'
import type { Position } from '#schemas/types.ts'
import { boughtPosition, type PositionBook, type Purchase, type Resale, soldPosition } from './position-book.ts'

/** Says what was bought and sold. Resolved = durable, and in the book. RejectedError for what cannot be true. */
export interface PositionWriter {
  /** Without a price, it is the ask of the alert. */
  bought(purchase: Purchase): Promise<Position>
  sold(sale: Resale): Promise<Position>
}

export type PositionWriterOptions = Readonly<{ producer: Producer; codec: Pick<Codec, 'encode'>; prefix: string; book: PositionBook }>

/** One after the other: whoever says it twice buys once. Where two processes write, the book has what the log tells first. */
export function createPositionWriter({ producer, codec, prefix, book }: PositionWriterOptions): PositionWriter {
  let before: Promise<unknown> = Promise.resolve()
  const write = (decide: () => Position): Promise<Position> => {
    const mine = before.then(async () => {
      const position = decide()
      const value = codec.encode('Position', position)
      await producer.send([{ topic: topicName(prefix, 'positions'), key: position.positionId, value }])
      book.wrote(position)
      return position
    })
    before = mine.catch(() => {})
    return mine
  }
  return {
    bought: (purchase) =>
      write(() => boughtPosition(book, { ...purchase, usd: purchase.usd ?? purchase.alert?.scored.listing.ask.usd ?? null })),
    sold: (sale) => write(() => soldPosition(book, sale)),
  }
}
