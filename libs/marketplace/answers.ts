import { createHash } from 'node:crypto'
import { z } from 'zod'
import { RejectedError } from '#lib/errors/errors.ts'
import { checkAsk } from '#lib/market/ask.ts'
import { listingIdOf, saleIdOf } from '#lib/market/event.ts'
import { checkEthUsd, parseUsd, parseWei } from '#lib/market/money.ts'
import type { Ask, Item, LeaderboardSnapshot, Listing, Sale } from '#schemas/types.ts'
import { MarketplaceError } from './errors.ts'
import type { Page, Reject } from './page.ts'
import type { HttpAnswer } from './transport.ts'

/**
 * Answers of the marketplace into what the stream knows. The edge where `unknown` ends: whatever comes in, out comes a valid listing or
 * sale, a reject that says what is wrong, or a MarketplaceError (`graphql_error`, `unexpected_shape`) for the answer as a whole.
 * Unknown fields are ignored. Whether class, parts and genes exist is not asked here: that is the enricher's.
 */

/** An axie of the settled list with its sales, newest first: the newest is what put it there. */
export type SettledEntry = Readonly<{ newest: Sale; sales: readonly Sale[] }>

/** What a query by id says. */
export type AxieAnswer = Readonly<{ item: Item; listing: Listing | null; lastSale: Sale | null }>

const numberAsText = (value: unknown): unknown =>
  typeof value === 'number' ? (Number.isSafeInteger(value) || !Number.isInteger(value) ? String(value) : `${value} (not exact)`) : value
const textAsNumber = (value: unknown): unknown => (typeof value === 'string' && /^-?\d{1,15}$/.test(value) ? Number(value) : value)

const text = (longest: number) => z.string().max(longest)
const tokenId = z.preprocess(numberAsText, z.string().regex(/^\d{1,20}$/, 'expected digits'))
const price = z.preprocess(numberAsText, text(200))
const seconds = z.preprocess(textAsNumber, z.number().int().min(0).max(1e11))
const smallInteger = z.preprocess(
  textAsNumber,
  z
    .number()
    .int()
    .min(-(2 ** 31))
    .max(2 ** 31 - 1),
)
/** Lists of a page may be anything as long as they are lists: each entry is judged alone. */
const entries = z.array(z.unknown()).max(10_000)

const itemSchema = z.object({
  id: tokenId,
  class: text(100).nullish(),
  breedCount: smallInteger.nullish(),
  newGenes: text(2_000).nullish(),
  genes: text(2_000).nullish(),
  image: text(2_000).nullish(),
  parts: z.array(z.object({ id: text(100) })).max(64),
})

const orderSchema = z.object({
  maker: text(200),
  paymentToken: text(200),
  startedAt: seconds,
  basePrice: price,
  endedPrice: price.nullish(),
  duration: seconds.nullish(),
  currentPrice: price,
  currentPriceUsd: price.nullish(),
})

/** The older form of an order. */
const auctionSchema = z
  .object({
    seller: text(200),
    startingTimestamp: seconds,
    startingPrice: price,
    endingPrice: price.nullish(),
    duration: seconds.nullish(),
    currentPrice: price,
    currentPriceUSD: price.nullish(),
  })
  .transform(
    (auction): z.output<typeof orderSchema> => ({
      maker: auction.seller,
      paymentToken: '',
      startedAt: auction.startingTimestamp,
      basePrice: auction.startingPrice,
      endedPrice: auction.endingPrice,
      duration: auction.duration,
      currentPrice: auction.currentPrice,
      currentPriceUsd: auction.currentPriceUSD,
    }),
  )

const transferSchema = z.object({
  from: text(200).nullish(),
  to: text(200).nullish(),
  timestamp: seconds,
  txHash: text(200).nullish(),
  withPrice: price.nullish(),
  withPriceUsd: price.nullish(),
})
const historySchema = z.object({ transferHistory: z.object({ results: z.array(transferSchema).max(1_000) }) })

const list = z.object({ total: z.number().min(0), results: entries })
const errorSchema = z.object({ message: z.string(), path: z.array(z.union([z.string(), z.number()])).nullish() })
type GraphqlError = z.output<typeof errorSchema>

/** The newest or the cheapest listings. Axies that are no longer offered when the page is made are passed over. */
export function listingsOf(answer: HttpAnswer): Page<Listing> {
  const { data, errors } = envelopeOf(answer.json)
  const { total, results } = parsedAs(z.object({ axies: list }), data, 'data').axies
  return pageOf(answer, total, results, (entry, index) => {
    return listingOf(entry, errorAt(errors, ['axies', 'results', index]))
  })
}

/** Axies of settled auctions, newest first, each with its sales. Transfers without a price are gifts: passed over, and so are axies that were only given. */
export function settledOf(answer: HttpAnswer): Page<SettledEntry> {
  const { data, errors } = envelopeOf(answer.json)
  const { total, results } = parsedAs(z.object({ settledAuctions: z.object({ axies: list }) }), data, 'data').settledAuctions.axies
  return pageOf(answer, total, results, (entry, index) => {
    refuseOnError(errorAt(errors, ['settledAuctions', 'axies', 'results', index]))
    const sales = salesOf(entry)
    return sales[0] === undefined ? null : { newest: sales[0], sales }
  })
}

/** Null for an axie that does not exist. Throws RejectedError when its offer is not one. */
export function axieOf(answer: HttpAnswer): AxieAnswer | null {
  const { data, errors } = envelopeOf(answer.json)
  const { axie } = parsedAs(z.object({ axie: z.unknown() }), data, 'data')
  if (axie === null || axie === undefined) return null
  return { item: itemOf(axie), listing: listingOf(axie, errors[0]), lastSale: salesOf(axie)[0] ?? null }
}

/** Dollars for one ETH. */
export function ethUsdOf(answer: HttpAnswer): number {
  const { data } = envelopeOf(answer.json)
  const schema = z.object({ exchangeRate: z.object({ eth: z.object({ usd: z.number() }) }) })
  const { usd } = parsedAs(schema, data, 'data').exchangeRate.eth
  try {
    return checkEthUsd(usd)
  } catch (error) {
    throw new MarketplaceError('unexpected_shape', (error as Error).message)
  }
}

const leaderboardSchema = z.object({
  axies: z
    .array(
      z.object({
        id: tokenId,
        rank: z
          .number()
          .int()
          .min(1)
          .max(2 ** 31 - 1),
        class: text(100),
        parts: z.array(text(100)).max(64),
      }),
    )
    .max(10_000),
})

/** `{ "axies": [{ "id", "rank", "class", "parts": ["eyes-…", …] }] }`, complete. */
export function leaderboardOf(answer: HttpAnswer): LeaderboardSnapshot {
  const { axies } = parsedAs(leaderboardSchema, answer.json, 'leaderboard')
  return { axies: axies.map(({ id, ...axie }) => ({ tokenId: id, ...axie })) }
}

/** Data beside errors is fine: the errors name what is missing. */
function envelopeOf(json: unknown): { data: unknown; errors: readonly GraphqlError[] } {
  const schema = z.object({ data: z.unknown(), errors: z.array(errorSchema).nullish() })
  const { data, errors } = parsedAs(schema, json, 'answer')
  if (data !== null && data !== undefined) return { data, errors: errors ?? [] }
  const said = errors?.map(({ message }) => message).join('; ')
  if (said === undefined || said === '') throw new MarketplaceError('unexpected_shape', 'answer: expected data or errors, found neither')
  throw new MarketplaceError('graphql_error', `the marketplace answered with errors and no data: ${said.slice(0, 500)}`)
}

function parsedAs<Schema extends z.ZodType>(schema: Schema, value: unknown, name: string): z.output<Schema> {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  throw new MarketplaceError('unexpected_shape', describeIssues(parsed.error, name))
}

const describeIssues = (error: z.ZodError, name: string): string =>
  error.issues
    .slice(0, 5)
    .map(({ path, message }) => `${[name, ...path].join('.')}: ${message}`)
    .join('; ')

/** `read` returns null for an entry to pass over, and throws RejectedError for a bad one. */
function pageOf<T>(
  answer: HttpAnswer,
  total: number,
  results: readonly unknown[],
  read: (entry: unknown, index: number) => T | null,
): Page<T> {
  const items: T[] = []
  const rejects: Reject[] = []
  for (const [index, entry] of results.entries()) {
    try {
      const item = read(entry, index)
      if (item !== null) items.push(item)
    } catch (error) {
      if (!(error instanceof RejectedError)) throw error
      rejects.push(rejectOf(entry, error))
    }
  }
  return { items, rejects, count: results.length, total, heldAt: answer.heldAt, marketTime: answer.marketTime }
}

function listingOf(entry: unknown, error: GraphqlError | undefined): Listing | null {
  refuseOnError(error)
  const item = itemOf(entry)
  const { order, auction } = entry as { order?: unknown; auction?: unknown }
  // Null: sold or withdrawn between the making of the list and of the page.
  if (order === null || (order === undefined && auction === null)) return null
  const found =
    order === undefined && auction !== undefined ? fieldOf(auctionSchema, auction, 'auction') : fieldOf(orderSchema, order, 'order')
  const ask = askOf(found)
  return { listingId: listingIdOf(item.tokenId, ask.startedAt), item, seller: found.maker, ask }
}

function itemOf(entry: unknown): Item {
  const found = fieldOf(itemSchema, entry, '')
  const isEgg = found.parts.length === 0
  // An egg has no class yet, and has not bred; a hatched axie has both.
  if (!isEgg && !found.class) throw new RejectedError('missing_field', 'class: expected a class, found nothing')
  if (!isEgg && (found.breedCount ?? null) === null)
    throw new RejectedError('missing_field', 'breedCount: expected a number, found nothing')
  return {
    tokenId: found.id,
    class: found.class ?? '',
    breedCount: found.breedCount ?? 0,
    genes: found.newGenes || found.genes || null,
    parts: found.parts.map(({ id }) => id),
    image: found.image ?? null,
  }
}

function askOf(order: z.output<typeof orderSchema>): Ask {
  const durationSeconds = order.duration ?? 0
  const endedPrice = order.endedPrice ?? order.basePrice
  // A fixed price says it lasts no time, or that it ends where it began.
  const isDutch = durationSeconds > 0 && endedPrice !== order.basePrice
  const ask: Ask = {
    kind: isDutch ? 'dutch' : 'fixed',
    paymentToken: order.paymentToken,
    basePriceWei: order.basePrice,
    endedPriceWei: isDutch ? endedPrice : order.basePrice,
    currentPriceWei: order.currentPrice,
    currentPriceUsd: order.currentPriceUsd ?? null,
    startedAt: order.startedAt * 1_000,
    durationSeconds: isDutch ? durationSeconds : 0,
  }
  checkAsk(ask)
  if (!isDutch) parseWei(ask.basePriceWei, 'basePrice')
  return ask
}

function salesOf(entry: unknown): Sale[] {
  const item = itemOf(entry)
  const { results } = fieldOf(historySchema, entry, '').transferHistory
  return results
    .filter(({ withPrice }) => withPrice !== null && withPrice !== undefined && withPrice !== '' && withPrice !== '0')
    .map((transfer): Sale => {
      const soldAt = transfer.timestamp * 1_000
      const txHash = transfer.txHash || null
      const priceUsd = transfer.withPriceUsd ?? null
      parseWei(transfer.withPrice ?? '', 'withPrice')
      if (priceUsd !== null) parseUsd(priceUsd, 'withPriceUsd')
      return {
        saleId: saleIdOf(item.tokenId, { txHash, soldAt }),
        item,
        soldAt,
        priceWei: transfer.withPrice ?? '',
        priceUsd,
        seller: transfer.from ?? null,
        buyer: transfer.to ?? null,
        txHash,
      }
    })
    .sort((a, b) => b.soldAt - a.soldAt)
}

/** The error of that place, or of one below it. */
const errorAt = (errors: readonly GraphqlError[], place: readonly (string | number)[]): GraphqlError | undefined =>
  errors.find(({ path }) => place.every((key, depth) => path?.[depth] === key))

function refuseOnError(error: GraphqlError | undefined): void {
  if (error !== undefined) throw new RejectedError('graphql_error', `${error.path?.join('.') ?? ''}: ${error.message.slice(0, 500)}`)
}

function fieldOf<Schema extends z.ZodType>(schema: Schema, value: unknown, name: string): z.output<Schema> {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const isMissing = parsed.error.issues.some(({ path }) => isNothing(path.reduce<unknown>(fieldAt, value)))
  const message = describeIssues(parsed.error, name).replaceAll(/(^|; )\./g, '$1')
  throw new RejectedError(isMissing ? 'missing_field' : 'bad_field', message)
}

const isNothing = (value: unknown): boolean => value === null || value === undefined
const fieldAt = (value: unknown, key: PropertyKey): unknown => (isNothing(value) ? undefined : (value as Record<PropertyKey, unknown>)[key])

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
