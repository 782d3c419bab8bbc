/** What to buy of the same listings: the alerts, and what anyone could do without a model. */

import { dayMillis, hourMillis } from '#lib/clock/durations.ts'
import { createRandom } from '#lib/numbers/random.ts'
import type { Candidate } from './candidate.ts'
import type { SaleBook } from './sale-book.ts'

/** The margin of the similar-sale rule is that of the default forecast rule. */
const margin = { ratio: 1.3, gainUsd: 5 }

export const isAlerted = (candidate: Candidate, ruleSet = 0): boolean => (candidate.verdicts[ruleSet]?.rules.length ?? 0) > 0

/** The median of at least three similar sales, after the fee, is 1.3 times the ask and five dollars above it. */
export function passesSimilarSaleRule({ similarUsd, askUsd }: Candidate, feeRatio: number): boolean {
  if (similarUsd === null) return false
  const proceeds = similarUsd * (1 - feeRatio)
  return proceeds >= askUsd * margin.ratio && proceeds - askUsd >= margin.gainUsd
}

/** Asks less than anything of its class and breed count was sold for in the 24 hours before. */
export function isBelowFloor({ keys, askUsd, listedAt }: Candidate, book: SaleBook): boolean {
  const sales = book.like('kind', keys, listedAt - 24 * hourMillis, listedAt)
  return sales.length > 0 && sales.every(({ usd }) => askUsd < usd)
}

/** Each listing once, however many rules or falling prices brought it up. */
export function oncePerListing(candidates: readonly Candidate[]): Candidate[] {
  const met = new Set<string>()
  return candidates.filter(({ listingId }) => !met.has(listingId) && met.add(listingId))
}

/** The UTC day of a listing; made-up ones lie a millisecond before the second of their sale. */
export const dayOf = ({ listedAt }: Candidate): number => Math.floor((listedAt + 1) / dayMillis)

const deciles = 10

/**
 * A buyer who knows nothing: of each day and each tenth of that day's asks any listings, as many as were alerted there, without repeating
 * one. So neither the day nor a taste for cheap axies sets the two apart.
 */
export function createRandomBuyer(candidates: readonly Candidate[], alerted: readonly Candidate[]): (seed: number) => Candidate[] {
  const wanted = new Set(alerted.map(({ listingId }) => listingId))
  const cells = [...Map.groupBy(candidates, dayOf).values()].flatMap(decilesOf).map((listings) => ({
    listings,
    count: listings.filter(({ listingId }) => wanted.has(listingId)).length,
  }))
  return (seed) => {
    const random = createRandom(seed)
    const picks = cells.flatMap(({ listings, count }) => drawn(listings, count, random.uniform))
    return picks.sort((one, other) => one.listedAt - other.listedAt)
  }
}

/** Equal asks stay in the order of listing. */
function decilesOf(listings: readonly Candidate[]): Candidate[][] {
  const sorted = [...listings].sort((one, other) => one.askUsd - other.askUsd)
  return Array.from({ length: deciles }, (_, decile) =>
    sorted.slice(Math.floor((decile * sorted.length) / deciles), Math.floor(((decile + 1) * sorted.length) / deciles)),
  )
}

/** Without replacement (Fisher and Yates, only as far as needed: places that were not drawn yet hold themselves). */
function drawn(listings: readonly Candidate[], count: number, uniform: () => number): Candidate[] {
  const moved = new Map<number, number>()
  return Array.from({ length: count }, (_, place) => {
    const other = place + Math.floor(uniform() * (listings.length - place))
    const chosen = moved.get(other) ?? other
    moved.set(other, moved.get(place) ?? place)
    return listings[chosen] as Candidate
  })
}
