import { z } from 'zod'
import { tokenOf } from '#lib/axie/tokens.ts'
import { RejectedError } from '#lib/errors/errors.ts'
import { checkAsk } from '#lib/market/ask.ts'
import { parseUsd, parseWei } from '#lib/market/money.ts'
import type { Ask, Bid, Bids } from '#schemas/types.ts'
import { digits, fieldAt, fieldOf, isNothing, type NoteOddity, optionalAt, price, seconds, smallInteger, text } from './shapes.ts'

const orderSchema = z.object({
  id: digits.nullish().catch(null),
  maker: text(200),
  kind: text(100).nullish(),
  status: text(100).nullish(),
  paymentToken: text(200).nullish(),
  startedAt: z.preprocess(asSeconds, seconds),
  expiredAt: z.preprocess(asSeconds, seconds.nullish()),
  basePrice: price,
  endedPrice: price.nullish(),
  duration: seconds.nullish(),
  currentPrice: price,
  currentPriceUsd: price.nullish(),
  nonce: digits.nullish().catch(null),
})
export type Order = z.output<typeof orderSchema>

/** Some clients show the times of an order in milliseconds. */
function asSeconds(value: unknown): unknown {
  const number = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value
  return typeof number === 'number' && number > 1e11 && Number.isInteger(number) ? Math.floor(number / 1_000) : value
}

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
    (auction): Order => ({
      maker: auction.seller,
      startedAt: auction.startingTimestamp,
      basePrice: auction.startingPrice,
      endedPrice: auction.endingPrice,
      duration: auction.duration,
      currentPrice: auction.currentPrice,
      currentPriceUsd: auction.currentPriceUSD,
      expiredAt: null,
    }),
  )

/** Null: sold or withdrawn between the making of the list and of the page. RejectedError: missing_field, bad_field. */
export function orderOf(entry: unknown): Order | null {
  const { order, auction } = entry as { order?: unknown; auction?: unknown }
  if (order === null || (order === undefined && auction === null)) return null
  return order === undefined && auction !== undefined ? fieldOf(auctionSchema, auction, 'auction') : fieldOf(orderSchema, order, 'order')
}

/** Why nobody can buy by an order. The list of what is for sale holds all of these. */
export type OrderRefusal = Readonly<{ code: 'order_not_a_sale' | 'order_closed' | 'order_expired'; message: string }>

/** @param now the market's clock, milliseconds */
export function refusalOfOrder({ kind, status, expiredAt }: Order, now: number): OrderRefusal | null {
  if (kind && kind.toLowerCase() !== 'sell')
    return { code: 'order_not_a_sale', message: `order.kind: expected Sell, found ${JSON.stringify(kind)}` }
  if (status && status.toLowerCase() !== 'open')
    return { code: 'order_closed', message: `order.status: expected OPEN, found ${JSON.stringify(status)}` }
  if (expiredAt && expiredAt * 1_000 <= now)
    return { code: 'order_expired', message: `order.expiredAt: expected an end after ${Math.floor(now / 1_000)}, found ${expiredAt}` }
  return null
}

/** RejectedError: bad_price, unknown_token. */
export function askOf(order: Order): Ask {
  const durationSeconds = order.duration ?? 0
  const endedPrice = order.endedPrice ?? order.basePrice
  // A fixed price says it lasts no time, or that it ends where it began.
  const isDutch = durationSeconds > 0 && endedPrice !== order.basePrice
  const ask: Ask = {
    kind: isDutch ? 'dutch' : 'fixed',
    paymentToken: order.paymentToken ?? '',
    basePriceWei: order.basePrice,
    endedPriceWei: isDutch ? endedPrice : order.basePrice,
    currentPriceWei: order.currentPrice,
    currentPriceUsd: order.currentPriceUsd ?? null,
    startedAt: order.startedAt * 1_000,
    durationSeconds: isDutch ? durationSeconds : 0,
    expiredAt: order.expiredAt ? order.expiredAt * 1_000 : null,
    orderId: order.id ?? null,
    nonce: order.nonce ?? null,
  }
  checkAsk(ask)
  if (!isDutch) parseWei(ask.basePriceWei, 'basePrice')
  return ask
}

const offerSchema = z.object({
  currentPrice: price,
  currentPriceUsd: price.nullish().catch(null),
  paymentToken: text(200).nullish(),
  expiredAt: z.preprocess(asSeconds, seconds.nullish()),
})

/** What others bid for an axie; it is never an ask. Null where the answer says nothing of it. */
export function bidsOf(entry: unknown, now: number, note: NoteOddity): Bids | null {
  const [count, offer] = [fieldAt(entry, 'numActiveOffers'), fieldAt(entry, 'highestOffer')]
  if (count === undefined && offer === undefined) return null
  const highest = isNothing(offer) ? null : bidOf(offer, now, note)
  return { count: optionalAt(smallInteger.pipe(z.number().min(0)), count, 'numActiveOffers', note), highest }
}

/** Null too where it has ended, or is in a token that nobody knows: it is context, no price. */
function bidOf(value: unknown, now: number, note: NoteOddity): Bid | null {
  const offer = optionalAt(offerSchema, value, 'highestOffer', note)
  if (offer === null) return null
  const { currentPrice, currentPriceUsd, paymentToken, expiredAt } = offer
  if (tokenOf(paymentToken ?? '') === null || (expiredAt && expiredAt * 1_000 <= now)) return null
  if (!isPrice(() => parseWei(currentPrice, 'highestOffer.currentPrice'))) return null
  const priceUsd = currentPriceUsd && isPrice(() => parseUsd(currentPriceUsd, 'highestOffer.currentPriceUsd')) ? currentPriceUsd : null
  return { paymentToken: paymentToken ?? '', priceWei: currentPrice, priceUsd }
}

function isPrice(parse: () => unknown): boolean {
  try {
    parse()
    return true
  } catch (error) {
    if (error instanceof RejectedError) return false
    throw error
  }
}
