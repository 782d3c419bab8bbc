import { createHash } from 'node:crypto'
import { z } from 'zod'
import { RejectedError } from '#lib/errors/errors.ts'
import { listingIdOf } from '#lib/market/event.ts'
import { ratesOf } from '#lib/market/rates.ts'
import type { Bids, ExchangeRate, Item, LeaderboardSnapshot, Listing, Sale } from '#schemas/types.ts'
import { dropField, transfersAsked } from './contract.ts'
import { dataIn, errorsAt, type GraphqlError } from './envelope.ts'
import { MarketplaceError } from './errors.ts'
import { itemOf } from './item-answer.ts'
import { askOf, bidsOf, orderOf, refusalOfOrder } from './order-answer.ts'
import type { Page, Reject } from './page.ts'
import { entries, fieldAt, type NoteOddity, optionalAt, parsedAs, seconds, smallInteger, text, tokenId } from './shapes.ts'
import { salesOf } from './transfer-answer.ts'
import type { HttpAnswer } from './transport.ts'

/**
 * Answers of the marketplace into what the stream knows. The edge where `unknown` ends: whatever comes in, out comes a valid listing or
 * sale, a reject that says what is wrong, or a MarketplaceError (see envelope.ts; `unexpected_shape`) for the answer as a whole.
 * Unknown fields are ignored. Whether class, parts and genes exist is not asked here: that is the enricher's.
 */

/** An axie of the settled list with its sales, newest first: the newest is what put it there. */
export type SettledEntry = Readonly<{
  newest: Sale
  sales: readonly Sale[]
  /** It changed hands more often than a page tells. */
  isCut: boolean
}>

/** What a query by id says. `listing`: only what can be bought now; an order that has ended, or a bid, is none. */
export type AxieAnswer = Readonly<{ item: Item; listing: Listing | null; lastSale: Sale | null; bids: Bids | null }>

const list = z.object({ total: z.number().min(0), results: entries })
const oneAxie = z.object({ axie: z.unknown().optional() })

/** The newest or the cheapest listings. Axies that are no longer offered when the page is made are passed over. */
export function listingsOf(answer: HttpAnswer): Page<Listing> {
  const { data, errors } = dataIn(answer.json, z.object({ axies: list }))
  const { total, results } = data.axies
  return pageOf(answer, total, results, (entry, index, context) => {
    const known = withoutFailed(entry, errors, ['axies', 'results', index])
    return listingOf(known, answer.marketTime, context.note)
  })
}

/** Axies of settled auctions, newest first, each with its sales. Axies that were only given are passed over. */
export function settledOf(answer: HttpAnswer): Page<SettledEntry> {
  const { data, errors } = dataIn(answer.json, z.object({ settledAuctions: z.object({ axies: list }) }))
  const { total, results } = data.settledAuctions.axies
  return pageOf(answer, total, results, (entry, index, context) => {
    const known = withoutFailed(entry, errors, ['settledAuctions', 'axies', 'results', index])
    const { sales, refused, isCut } = salesOf(known, itemOf(known, context.note), transfersAsked.settled)
    for (const { raw, error } of refused) context.reject({ id: fieldAt(entry, 'id'), transfer: raw }, error)
    return sales[0] === undefined ? null : { newest: sales[0], sales, isCut }
  })
}

/** Null for an axie that does not exist. Throws RejectedError when its offer or its last transfer cannot be read. */
export function axieOf(answer: HttpAnswer): AxieAnswer | null {
  const { data, errors } = dataIn(answer.json, oneAxie)
  const { axie } = data
  if (axie === null || axie === undefined) return null
  const known = withoutFailed(axie, errors, ['axie'])
  const item = itemOf(known, ignoreOddity)
  const { sales, refused } = salesOf(known, item, transfersAsked.axie)
  // Whether it was sold or withdrawn is then not known.
  if (sales.length === 0 && refused[0] !== undefined) throw refused[0].error
  return {
    item,
    listing: openListingOf(known, answer.marketTime),
    lastSale: sales[0] ?? null,
    bids: bidsOf(known, answer.marketTime, ignoreOddity),
  }
}

/** What an axie sold for before, newest first. Empty of an axie that does not exist. */
export function transfersOf(answer: HttpAnswer): readonly Sale[] {
  const { axie } = dataIn(answer.json, oneAxie).data
  return axie === null || axie === undefined ? [] : salesOf(axie, itemOf(axie, ignoreOddity), transfersAsked.history).sales
}

const dollars = z.object({ usd: z.number() })

/** Dollars for one of each token. Ether's must be there; any other that is odd or missing is unknown. */
export function exchangeRateOf(answer: HttpAnswer): ExchangeRate {
  const { exchangeRate } = dataIn(answer.json, z.object({ exchangeRate: z.looseObject({ eth: dollars }) })).data
  const usdOf = (token: string) => optionalAt(dollars, fieldAt(exchangeRate, token), `exchangeRate.${token}`, ignoreOddity)?.usd ?? null
  try {
    const ethUsd = exchangeRate.eth.usd
    const { AXS, SLP, RON, USDC } = ratesOf({
      ethUsd,
      axsUsd: usdOf('axs'),
      slpUsd: usdOf('slp'),
      ronUsd: usdOf('ron'),
      usdcUsd: usdOf('usdc'),
    })
    return { ethUsd, axsUsd: AXS, slpUsd: SLP, ronUsd: RON, usdcUsd: USDC }
  } catch (error) {
    throw new MarketplaceError('unexpected_shape', (error as Error).message)
  }
}

const leaderboardSchema = z.object({
  axies: z
    .array(z.object({ id: tokenId, rank: smallInteger.pipe(z.number().min(1)), class: text(100), parts: z.array(text(100)).max(64) }))
    .max(10_000),
})

/** `{ "axies": [{ "id", "rank", "class", "parts": ["eyes-…", …] }] }`, complete. */
export function leaderboardOf(answer: HttpAnswer): LeaderboardSnapshot {
  const { axies } = parsedAs(leaderboardSchema, answer.json, 'leaderboard')
  return { axies: axies.map(({ id, ...axie }) => ({ tokenId: id, ...axie })) }
}

const ignoreOddity: NoteOddity = () => {}

type EntryContext = Readonly<{
  note: NoteOddity
  /** Refuses something of the entry, which itself goes on. */
  reject(raw: unknown, error: RejectedError): void
}>

/** `read` returns null for an entry to pass over, and throws RejectedError for a bad one. */
function pageOf<T>(
  answer: HttpAnswer,
  total: number,
  results: readonly unknown[],
  read: (entry: unknown, index: number, context: EntryContext) => T | null,
): Page<T> {
  const items: T[] = []
  const rejects: Reject[] = []
  const odd = new Set<string>()
  const context: EntryContext = {
    note: (path) => odd.add(path),
    reject: (raw, error) => rejects.push(rejectOf(raw, error)),
  }
  for (const [index, entry] of results.entries()) {
    try {
      const item = read(entry, index, context)
      if (item !== null) items.push(item)
    } catch (error) {
      if (!(error instanceof RejectedError)) throw error
      rejects.push(rejectOf(entry, error))
    }
  }
  for (const path of odd) rejects.push(oddFieldReject(path, results))
  return { items, rejects, count: results.length, total, heldAt: answer.heldAt, marketTime: answer.marketTime }
}

function listingOf(entry: unknown, now: number, note: NoteOddity): Listing | null {
  const item = itemOf(entry, note)
  const order = orderOf(entry)
  if (order === null) return null
  const refusal = refusalOfOrder(order, now)
  if (refusal !== null) throw new RejectedError(refusal.code, refusal.message)
  const ask = askOf(order)
  return { listingId: listingIdOf(item.tokenId, ask.startedAt), item, seller: order.maker, ask, bids: bidsOf(entry, now, note) }
}

/** Null too where the order has ended or is somebody's bid: by id, that is how one learns that an offer is gone. */
function openListingOf(entry: unknown, now: number): Listing | null {
  const order = orderOf(entry)
  return order === null || refusalOfOrder(order, now) !== null ? null : listingOf(entry, now, ignoreOddity)
}

/**
 * An entry without the fields that the marketplace could not resolve: those that it can do without say nothing then, which is not the same
 * as null. RejectedError graphql_error where it cannot.
 */
function withoutFailed(entry: unknown, errors: readonly GraphqlError[], place: readonly (string | number)[]): unknown {
  const failed = errorsAt(errors, place)
  if (failed.length === 0) return entry
  const known = structuredClone(entry)
  for (const { path, message } of failed) {
    if (dropField(known, path?.slice(place.length) ?? [])) continue
    throw new RejectedError('graphql_error', `${path?.join('.') ?? ''}: ${message.slice(0, 500)}`)
  }
  return known
}

/** What changes by itself from one reading to the next. */
const volatile = new Set(['currentPrice', 'currentPriceUsd', 'currentPriceUSD', 'suggestedPrice', 'timeLeft'])

function rejectOf(entry: unknown, { code, message }: RejectedError): Reject {
  const id = tokenId.safeParse(fieldAt(entry, 'id'))
  const startedAt = seconds.safeParse(fieldAt(fieldAt(entry, 'order'), 'startedAt'))
  const stable = JSON.stringify(entry, (key, value: unknown) => (volatile.has(key) ? undefined : value)) ?? 'undefined'
  return {
    key:
      id.success && startedAt.success
        ? listingIdOf(id.data, startedAt.data * 1_000)
        : createHash('sha256').update(stable).digest('hex').slice(0, 32),
    code,
    message,
    tokenId: id.success ? id.data : null,
    raw: JSON.stringify(entry) ?? 'undefined',
  }
}

/** Told once for each path, with an entry that shows it: the listings themselves go on without the field. */
function oddFieldReject(path: string, results: readonly unknown[]): Reject {
  const message = `${path}: the marketplace sends another kind of value than it used to; "unknown" from now on`
  return { key: `changed-field-${path}`, code: 'changed_field', message, tokenId: null, raw: JSON.stringify(results[0]) ?? 'undefined' }
}
