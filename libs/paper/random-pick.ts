import { createHash } from 'node:crypto'
import { anatomyOf, isEgg } from '#lib/axie/anatomy.ts'
import { RejectedError } from '#lib/errors/errors.ts'
import { payloadOf } from '#lib/market/event.ts'
import type { MarketEvent, Outcome, PaperTrade } from '#schemas/types.ts'
import { keysOf } from './alike-sales.ts'
import { type PaperPick, pickedAt } from './paper-pick.ts'

/** Who buys without a forecast, with the same money, limits and delay as a rule. No rule can have this name. */
export const randomAccount = 'preset:random'

/** One account cannot buy all that is drawn for the random buyer of outcomes: one draw in so many is its own. */
const oneIn = 10

/**
 * What the account buys where this listing was drawn, by the outcomes that it led to; null where it was not. It has no forecast: it asks what
 * its like sell for.
 */
export function randomPickOf(event: MarketEvent, outcomes: readonly Outcome[]): PaperPick | null {
  const { kind, value } = payloadOf(event)
  if (kind !== 'Listing' || isEgg(value.item)) return null
  const drawn = outcomes.find((outcome) => outcome.kind === 'random' && outcome.listingId === value.listingId)
  if (drawn === undefined || !isOurs(value.listingId)) return null
  const { alertId, listingId, tokenId, source, alertedAt, askUsd } = drawn
  try {
    const anatomy = anatomyOf(value.item)
    const trade: PaperTrade = {
      ...{ tradeId: `${randomAccount}/${alertId}`, account: randomAccount, alertId, rulesHash: '', listingId, source },
      ...{ tokenId, class: anatomy.class, breedCount: anatomy.breedCount },
      ...pickedAt(alertedAt, { startedAt: value.ask.startedAt, askUsd, firstPriceUsd: null }),
    }
    return { trade, keys: keysOf(anatomy) }
  } catch (error) {
    if (error instanceof RejectedError) return null
    throw error
  }
}

/** By the id alone, and by other bits of it than those that drew it. */
const isOurs = (listingId: string): boolean => createHash('sha256').update(listingId).digest().readUInt32BE(4) % oneIn === 0
