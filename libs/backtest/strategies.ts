/** What to buy of the same listings: the alerts, and what anyone could do without a model. */
import { dayMillis, hourMillis } from '#lib/market/horizons.ts'
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

/** As many of each day's listings as were alerted that day, any of them. */
export function randomPicks(candidates: readonly Candidate[], alerted: readonly Candidate[], seed: number): Candidate[] {
  const random = createRandom(seed)
  const wanted = Map.groupBy(alerted, dayOf)
  return [...Map.groupBy(candidates, dayOf)].flatMap(([day, listings]) => drawn(listings, wanted.get(day)?.length ?? 0, random.uniform))
}

const dayOf = ({ listedAt }: Candidate): number => Math.floor(listedAt / dayMillis)

/** Without replacement, in the order of listing. */
function drawn(listings: readonly Candidate[], count: number, uniform: () => number): Candidate[] {
  const places = Array.from(listings.keys())
  for (let place = 0; place < count; place++) {
    const other = place + Math.floor(uniform() * (places.length - place))
    const kept = places[place] as number
    places[place] = places[other] as number
    places[other] = kept
  }
  return places
    .slice(0, count)
    .sort((one, other) => one - other)
    .map((place) => listings[place] as Candidate)
}
