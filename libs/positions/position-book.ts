import { RejectedError } from '#lib/errors/errors.ts'
import type { Alert, Position } from '#schemas/types.ts'

/** What accounts bought, and what they still have: a fold of topic `positions`, whose newest record of a position holds. */
export interface PositionBook {
  take(position: Position): void
  /** Newest first. */
  all(): Position[]
  open(): Position[]
}

export function createPositionBook(): PositionBook {
  const positions = new Map<string, Position>()
  const all = () => [...positions.values()].sort((a, b) => b.boughtAt - a.boughtAt || (a.positionId < b.positionId ? -1 : 1))
  return {
    take: (position) => void positions.set(position.positionId, position),
    all,
    open: () => all().filter(({ soldAt }) => soldAt === null),
  }
}

export type Purchase = Readonly<{
  account: string
  tokenId: string
  /** What was paid; null: nobody said, and there is no alert that would. */
  usd: number | null
  at: number
  by: string | null
  /** The alert that it was bought by. */
  alert: Alert | null
}>

export type Resale = Readonly<{ account: string; tokenId: string; usd: number | null; at: number; by: 'said' | 'seen' }>

/** A position that begins. RejectedError, with what is wrong, for a purchase that cannot be true. */
export function boughtPosition(book: PositionBook, { account, tokenId, usd, at, by, alert }: Purchase): Position {
  const boughtUsd = priceOf(usd, `bought axie ${tokenId}`)
  const open = openPosition(book, account, tokenId)
  if (open !== undefined)
    throw new RejectedError(
      'bought_already',
      `axie ${tokenId}: ${account} has it already, bought ${timeText(open.boughtAt)} for ${open.boughtUsd} dollars; say that it was sold first`,
    )
  const listedAt = alert?.scored.listing.ask.startedAt ?? Number.NEGATIVE_INFINITY
  if (at < listedAt)
    throw new RejectedError('bought_before_listed', `axie ${tokenId}: bought ${timeText(at)}, but it was listed only ${timeText(listedAt)}`)
  const { listing } = alert?.scored ?? { listing: null }
  return {
    ...{ positionId: `${account}:${tokenId}:${at}`, account, tokenId, boughtUsd, boughtAt: at },
    ...{ soldUsd: null, soldAt: null, soldBy: null },
    alertId: alert?.alertId ?? null,
    rule: alert?.rule ?? null,
    class: listing?.item.class ?? null,
    seller: listing?.seller.toLowerCase() ?? null,
    by,
  }
}

/** The position as it ends. RejectedError for an axie that the account does not have, or a sale before its purchase. */
export function soldPosition(book: PositionBook, { account, tokenId, usd, at, by }: Resale): Position {
  const soldUsd = priceOf(usd, `sold axie ${tokenId}`)
  const open = openPosition(book, account, tokenId)
  if (open === undefined) throw new RejectedError('not_held', `axie ${tokenId}: ${account} does not have it; say that it was bought first`)
  if (at < open.boughtAt)
    throw new RejectedError(
      'sold_before_bought',
      `axie ${tokenId}: sold ${timeText(at)}, but it was bought only ${timeText(open.boughtAt)}`,
    )
  return { ...open, soldUsd, soldAt: at, soldBy: by }
}

const openPosition = (book: PositionBook, account: string, tokenId: string): Position | undefined =>
  book.open().find((position) => position.account === account && position.tokenId === tokenId)

/** Far beyond any axie. */
const maxUsd = 1e9

function priceOf(usd: number | null, what: string): number {
  if (usd === null) throw new RejectedError('no_price', `${what}: expected its price in dollars, found none`)
  if (usd > 0 && usd <= maxUsd) return usd
  throw new RejectedError('bad_price', `${what}: expected a price above 0 dollars, at most ${maxUsd}, found ${usd}`)
}

const timeText = (millis: number): string => `${new Date(millis).toISOString().slice(0, 16).replace('T', ' ')} UTC`
