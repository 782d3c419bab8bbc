import { RejectedError } from '#lib/errors/errors.ts'
import type { Alert, Position } from '#schemas/types.ts'

/**
 * What accounts bought, and what they still have: a fold of topic `positions`. Several processes may write it, each before it has read what the
 * other wrote: an account has an axie once, and the purchase that comes first in the log is the one that counts.
 */
export interface PositionBook {
  /** In the order of the log. */
  take(position: Position): void
  /** It is durable: counts until the log tells it, and then as the log has it. */
  wrote(position: Position): void
  /** Newest first. */
  all(): Position[]
  open(): Position[]
}

export function createPositionBook(): PositionBook {
  const published: Book = { positions: new Map(), firstOf: new Map() }
  const written = new Map<string, Position>()
  const current = (): Book['positions'] => {
    if (written.size === 0) return published.positions
    const both: Book = { positions: new Map(published.positions), firstOf: new Map(published.firstOf) }
    for (const position of written.values()) fold(both, position)
    return both.positions
  }
  const all = () => [...current().values()].sort((a, b) => b.boughtAt - a.boughtAt || (a.positionId < b.positionId ? -1 : 1))
  return {
    take(position) {
      fold(published, position)
      if (written.get(position.positionId)?.soldAt === position.soldAt) written.delete(position.positionId)
    },
    wrote: (position) => void written.set(position.positionId, position),
    all,
    open: () => all().filter(({ soldAt }) => soldAt === null),
  }
}

type Book = Readonly<{
  positions: Map<string, Position>
  /** A purchase said of an axie that the account had, and the position that it has it by. */
  firstOf: Map<string, string>
}>

function fold({ positions, firstOf }: Book, position: Position): void {
  const { positionId, account, tokenId, soldUsd, soldAt, soldBy } = position
  const first = positions.get(firstOf.get(positionId) ?? '')
  if (first !== undefined) {
    // Whoever sells the second sells the axie.
    if (soldAt !== null && first.soldAt === null) positions.set(first.positionId, { ...first, soldUsd, soldAt, soldBy })
    return
  }
  const held = positions.has(positionId) ? undefined : openPosition([...positions.values()], account, tokenId)
  if (held !== undefined && soldAt === null) return void firstOf.set(positionId, held.positionId)
  if (held !== undefined) {
    // What ends was bought before: compaction took its beginning, by which the other was the second.
    positions.delete(held.positionId)
    firstOf.set(held.positionId, positionId)
  }
  positions.set(positionId, position)
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
  const open = openPosition(book.open(), account, tokenId)
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
  const open = openPosition(book.open(), account, tokenId)
  if (open === undefined) throw new RejectedError('not_held', `axie ${tokenId}: ${account} does not have it; say that it was bought first`)
  if (at < open.boughtAt)
    throw new RejectedError(
      'sold_before_bought',
      `axie ${tokenId}: sold ${timeText(at)}, but it was bought only ${timeText(open.boughtAt)}`,
    )
  return { ...open, soldUsd, soldAt: at, soldBy: by }
}

const openPosition = (positions: readonly Position[], account: string, tokenId: string): Position | undefined =>
  positions.find((position) => position.soldAt === null && position.account === account && position.tokenId === tokenId)

/** Far beyond any axie. */
const maxUsd = 1e9

function priceOf(usd: number | null, what: string): number {
  if (usd === null) throw new RejectedError('no_price', `${what}: expected its price in dollars, found none`)
  if (usd > 0 && usd <= maxUsd) return usd
  throw new RejectedError('bad_price', `${what}: expected a price above 0 dollars, at most ${maxUsd}, found ${usd}`)
}

const timeText = (millis: number): string => `${new Date(millis).toISOString().slice(0, 16).replace('T', ' ')} UTC`
