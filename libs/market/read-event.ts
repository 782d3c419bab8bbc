import { type Anatomy, anatomyOf, isEgg } from '#lib/axie/anatomy.ts'
import { ether, tokenOf } from '#lib/axie/tokens.ts'
import { hourMillis } from '#lib/clock/durations.ts'
import { RejectedError } from '#lib/errors/errors.ts'
import type { AskSeen, ExpectedChampion, LeaderboardAxie, Listing, MarketEvent, Sale } from '#schemas/types.ts'
import { type CheckedAsk, checkAsk, hasExpired } from './ask.ts'
import { type MarketPayload, payloadOf } from './event.ts'
import { checkBounds } from './field-bounds.ts'
import { futureToleranceMillis } from './horizons.ts'
import { parseUsd, parseWei, weiToEth } from './money.ts'
import { type Rates, ratesOf } from './rates.ts'
import { type RecordFacts, recordExpectations } from './record-expectations.ts'

/**
 * What an event means to the fold, checked. `anatomy` is null of an egg: it has nothing to be compared by. `eth` is NaN of a sale in another
 * token. `isWitnessed`: it was seen as it happened, so the axie was then as it is described; history read later describes it as it is now.
 */
export type EventContent =
  | Readonly<{ kind: 'offer'; isNew: boolean; offer: Listing | AskSeen; anatomy: Anatomy | null; ask: CheckedAsk }>
  | Readonly<{ kind: 'sale'; sale: Sale; anatomy: Anatomy | null; usd: number | null; eth: number; isWitnessed: boolean }>
  | Readonly<{ kind: 'cancellation'; listingId: string }>
  | Readonly<{ kind: 'exchange_rate'; rates: Rates }>
  | Readonly<{ kind: 'leaderboard'; axies: readonly LeaderboardAxie[] }>
  | Readonly<{ kind: 'model'; modelId: string; featureSetHash: string; since: number; expected: ExpectedChampion | null }>
  | Readonly<{ kind: 'barred'; modelId: string }>
  | Readonly<{ kind: 'rules'; rulesHash: string }>
  // What the learner compares and people and the ledger tell it: no price depends on it.
  | Readonly<{ kind: 'learning' }>

const anatomyOfHatched = (item: Listing['item']): Anatomy | null => (isEgg(item) ? null : anatomyOf(item))

function contentOf(payload: MarketPayload, { observedAt, origin }: MarketEvent): EventContent {
  switch (payload.kind) {
    case 'Listing':
    case 'AskSeen': {
      const { value: offer } = payload
      return { kind: 'offer', isNew: payload.kind === 'Listing', offer, anatomy: anatomyOfHatched(offer.item), ask: checkAsk(offer.ask) }
    }
    case 'Sale': {
      const { value: sale } = payload
      const isEther = tokenOf(sale.token ?? '') === ether
      const units = parseWei(sale.priceWei, 'priceWei')
      const eth = isEther ? weiToEth(units) : Number.NaN
      const usd = sale.priceUsd === null ? null : parseUsd(sale.priceUsd, 'priceUsd')
      if (usd === null && !isEther)
        throw new RejectedError('bad_price', `priceUsd: expected dollars of a sale in ${sale.token}, found none`)
      const isWitnessed = origin === 'live' && observedAt - sale.soldAt <= hourMillis
      return { kind: 'sale', sale, anatomy: anatomyOfHatched(sale.item), usd, eth, isWitnessed }
    }
    case 'Cancellation':
      return { kind: 'cancellation', listingId: payload.value.listingId }
    case 'ExchangeRate':
      return { kind: 'exchange_rate', rates: ratesOf(payload.value) }
    case 'LeaderboardSnapshot':
      return { kind: 'leaderboard', axies: payload.value.axies }
    case 'ModelPromoted':
    case 'ModelRolledBack': {
      const { modelId, featureSetHash, expected = null } = payload.value
      return { kind: 'model', modelId, featureSetHash, since: observedAt, expected }
    }
    case 'ModelBarred':
      return { kind: 'barred', modelId: payload.value.modelId }
    case 'ChallengerNamed':
    case 'ModelsCompared':
    case 'MoneyEvidence':
    case 'LearningHeld':
    case 'DecisionHeld':
      return { kind: 'learning' }
    case 'RulesChanged':
      return { kind: 'rules', rulesHash: payload.value.rulesHash }
  }
}

/** An order that had ended when it was seen is nobody's ask, whatever the market's list says. */
function checkOrder(event: MarketEvent, content: EventContent): void {
  if (content.kind !== 'offer' || !hasExpired(content.ask, event.observedAt)) return
  throw new RejectedError(
    'order_expired',
    `${event.eventId}: expected an order that ends after ${event.observedAt} (observed), found one that ended at ${content.ask.expiredAt}`,
  )
}

function checkTimes(event: MarketEvent, content: EventContent): void {
  const own = content.kind === 'sale' ? content.sale.soldAt : content.kind === 'offer' ? content.ask.startedAt : event.eventTime
  const latest = Math.max(event.eventTime, own)
  if (latest <= event.observedAt + futureToleranceMillis) return
  throw new RejectedError(
    'future_event',
    `${event.eventId}: expected it to have happened by ${event.observedAt} (observed) + 5 min, found ${latest}: check the collector's clock`,
  )
}

/** RejectedError with the name of the first expectation that it breaks: record-expectations.ts lists them. */
function checkExpectations(event: MarketEvent, content: EventContent): void {
  const facts = factsOf(content)
  if (facts === null) return
  const broken = recordExpectations.find(({ holds }) => !holds(facts))
  if (broken === undefined) return
  throw new RejectedError(broken.name, `${event.eventId}: expected ${broken.expected}, found ${JSON.stringify(facts)}`)
}

function factsOf(content: EventContent): RecordFacts | null {
  if (content.kind === 'sale') {
    const { item, seller, buyer } = content.sale
    return { kind: 'sale', tokenId: item.tokenId, usd: content.usd, eth: Number.isNaN(content.eth) ? null : content.eth, seller, buyer }
  }
  if (content.kind !== 'offer') return null
  const { item, seller } = content.offer
  const { currentUsd: usd, currentWei, token } = content.ask
  return { kind: 'offer', tokenId: item.tokenId, usd, eth: token === ether ? currentWei / 1e18 : null, seller, buyer: null }
}

/** Reading is pure, and a record is asked about more than once: by the runner for its time, by the fold for its content. */
const alreadyRead = new WeakMap<MarketEvent, EventContent | RejectedError>()

function readOnce(event: MarketEvent): EventContent | RejectedError {
  try {
    checkBounds(event)
    const content = contentOf(payloadOf(event), event)
    checkTimes(event, content)
    checkOrder(event, content)
    checkExpectations(event, content)
    return content
  } catch (error) {
    if (error instanceof RejectedError) return error
    throw error
  }
}

/**
 * Checks an event whole, before anything is touched. RejectedError: field_too_long, unknown_class, unknown_part, bad_breed_count, bad_price, unknown_token,
 * bad_exchange_rate, order_expired, future_event (it, or the sale or listing in it, happened more than 5 minutes after it was observed), or the name of an expectation
 * (id_is_a_number, price_in_range, dollars_agree_with_ether, seller_is_not_buyer).
 */
export function readEvent(event: MarketEvent): EventContent {
  let read = alreadyRead.get(event)
  if (read === undefined) {
    read = readOnce(event)
    alreadyRead.set(event, read)
  }
  if (read instanceof RejectedError) throw read
  return read
}

/** The event's time on the fold's clock, in milliseconds; NaN of one that is refused, which must not move it. */
export function clockOf(event: MarketEvent): number {
  try {
    readEvent(event)
    return event.observedAt
  } catch (error) {
    if (error instanceof RejectedError) return Number.NaN
    throw error
  }
}
