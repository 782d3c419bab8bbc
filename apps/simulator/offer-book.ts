import type { OfferFault } from './faults.ts'
import { type Offer, priceWeiAt, type SimulatedAxie } from './happenings.ts'
import type { Page, Slice } from './page.ts'
import { partsOfEdition } from './special-parts.ts'

/** An offer as it stands in the book. */
export type OpenOffer = Readonly<{
  offer: Offer
  /** What is wrong with it, if anything; decided once, when it appeared. */
  fault: OfferFault | null
}>

export type OfferCriteria = Readonly<{
  classes?: readonly string[] | null
  parts?: readonly string[] | null
  breedCount?: readonly number[] | null
  title?: readonly string[] | null
  numMystic?: readonly number[] | null
  numJapan?: readonly number[] | null
  numXmas?: readonly number[] | null
  numSummer?: readonly number[] | null
}>

/** The open offers, at most one for each axie: a new offer replaces the axie's old one. */
export interface OfferBook {
  add(open: OpenOffer): void
  remove(offer: Offer): void
  /** The offer as signed anew takes its place, and goes when the first would have gone. Null where that is gone already. */
  resign(offer: Offer, signedAnew: (offer: Offer) => Offer): OpenOffer | null
  get(tokenId: string): OpenOffer | null
  /** @param isShown false of an offer that the index does not hold yet */
  newest(slice: Slice, criteria: OfferCriteria, isShown: (open: OpenOffer) => boolean): Page<OpenOffer>
  cheapest(slice: Slice, criteria: OfferCriteria, now: number): Page<OpenOffer>
  readonly size: number
}

/** `first`: the offer as it was signed first. */
type Entry = { readonly open: OpenOffer; readonly first: Offer; gone: boolean }

export function createOfferBook(): OfferBook {
  // In order of appearance. Those that are gone are passed over, and swept out when they are half of it.
  let entries: Entry[] = []
  let gone = 0
  const byToken = new Map<string, Entry>()

  const select = (criteria: OfferCriteria): OpenOffer[] =>
    entries.flatMap((entry) => (!entry.gone && meets(entry.open.offer.axie, criteria) ? [entry.open] : []))

  const drop = (entry: Entry): void => {
    entry.gone = true
    byToken.delete(entry.open.offer.axie.tokenId)
    if (++gone < 1_000 || gone < entries.length / 2) return
    entries = entries.filter((other) => !other.gone)
    gone = 0
  }

  const put = (open: OpenOffer, first: Offer): void => {
    const replaced = byToken.get(open.offer.axie.tokenId)
    if (replaced !== undefined) drop(replaced)
    const entry = { open, first, gone: false }
    byToken.set(open.offer.axie.tokenId, entry)
    entries.push(entry)
  }
  const openAs = (offer: Offer): Entry | null => {
    const entry = byToken.get(offer.axie.tokenId)
    return entry?.first === offer ? entry : null
  }

  return {
    add: (open) => put(open, open.offer),
    remove(offer) {
      const entry = openAs(offer)
      if (entry !== null) drop(entry)
    },
    resign(offer, signedAnew) {
      const entry = openAs(offer)
      if (entry === null) return null
      const again = { ...entry.open, offer: signedAnew(offer) }
      put(again, offer)
      return again
    },
    get: (tokenId) => byToken.get(tokenId)?.open ?? null,
    newest({ from, size }, criteria, isShown) {
      if (!isEmpty(criteria)) {
        const selected = select(criteria).filter(isShown).reverse()
        return { total: selected.length, results: selected.slice(from, from + size) }
      }
      // The usual query, many times a second: reads no more entries than it must.
      const results: OpenOffer[] = []
      for (let index = entries.length - 1, passed = 0; index >= 0 && results.length < size; index--) {
        const entry = entries[index]!
        if (!entry.gone && isShown(entry.open) && passed++ >= from) results.push(entry.open)
      }
      return { total: byToken.size, results }
    },
    cheapest({ from, size }, criteria, now) {
      const priced = select(criteria).map((open) => ({ open, wei: Number(priceWeiAt(open.offer, now)) }))
      priced.sort((a, b) => a.wei - b.wei || a.open.offer.startedAt - b.open.offer.startedAt)
      return { total: priced.length, results: priced.slice(from, from + size).map(({ open }) => open) }
    },
    get size() {
      return byToken.size
    },
  }
}

const isEmpty = (criteria: OfferCriteria): boolean => Object.values(criteria).every((wanted) => wanted === null || wanted === undefined)

const editions = { numMystic: 'mystic', numJapan: 'japan', numXmas: 'xmas', numSummer: 'summer' } as const

function meets(axie: SimulatedAxie, criteria: OfferCriteria): boolean {
  const { classes, parts, breedCount, title } = criteria
  if (classes && !classes.includes(axie.class)) return false
  if (breedCount && !breedCount.includes(axie.breedCount)) return false
  if (title && !title.includes(axie.attributes?.title ?? '')) return false
  const partIds = Object.values(axie.parts)
  for (const [count, edition] of Object.entries(editions) as [keyof typeof editions, string][])
    if (criteria[count] && !criteria[count].includes(partsOfEdition(partIds, edition))) return false
  return !parts || parts.every((part) => partIds.includes(part))
}
