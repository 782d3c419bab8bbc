/** The asks that were seen lately and are not known to be gone. They serve the second check and the display, never the features. */

import type { Collection } from '#lib/axie/attributes.ts'
import { type CheckedAsk, hasExpired, usdAt } from '#lib/market/ask.ts'
import { askMillis } from '#lib/market/horizons.ts'
import type { Rates } from '#lib/market/rates.ts'
import type { SimilarAsk } from '#schemas/types.ts'

export type AskToTrack = Readonly<{
  listingId: string
  tokenId: string
  similarKey: number
  identicalKey: number
  breedCount: number
  /** Those that the axie belongs to. */
  collections: readonly Collection[]
  ask: CheckedAsk
}>

export type AskQuery = Readonly<{
  similarKey: number
  identicalKey: number
  /** The axie whose own asks are left out. */
  tokenId: string
  at: number
  rates: Rates | null
}>

export type FloorQuery = Pick<AskQuery, 'tokenId' | 'at' | 'rates'> & Readonly<{ collection: Collection }>

export interface OpenAsks {
  /** `seenAt` never goes back from one call to the next. */
  see(ask: AskToTrack, seenAt: number): void
  cancel(listingId: string): void
  /** A sale ends every listing of the axie that began before it; a later one is the new owner's. */
  sold(tokenId: string, soldAt: number): void
  forgetSeenUpTo(time: number): void
  /** The cheapest ask of another axie of a collection, in dollars, and how many there are. */
  floor(query: FloorQuery): Readonly<{ usd: number | null; count: number }>
  /** Similar asks of other axies, cheapest first (then by listing id): the first three, and how many there are. */
  similar(query: AskQuery): Readonly<{ cheapest: readonly SimilarAsk[]; count: number }>
  size(): number
}

type OpenAsk = AskToTrack & Readonly<{ seenAt: number }>

/** Asks under a key. Most keys have one: it stands there by itself, for a map of one takes more memory than the ask. */
function createIndex<Key>() {
  const entries = new Map<Key, OpenAsk | Map<string, OpenAsk>>()
  return {
    get(key: Key): Iterable<OpenAsk> {
      const found = entries.get(key)
      if (found === undefined) return []
      return found instanceof Map ? found.values() : [found]
    },
    count(key: Key): number {
      const found = entries.get(key)
      if (found === undefined) return 0
      return found instanceof Map ? found.size : 1
    },
    /** An ask that is not there yet. */
    add(key: Key, ask: OpenAsk): void {
      const found = entries.get(key)
      if (found instanceof Map) found.set(ask.listingId, ask)
      else if (found === undefined) entries.set(key, ask)
      else
        entries.set(
          key,
          new Map([
            [found.listingId, found],
            [ask.listingId, ask],
          ]),
        )
    },
    /** An ask that is there. */
    remove(key: Key, listingId: string): void {
      const found = entries.get(key)
      if (found instanceof Map && found.size > 1) found.delete(listingId)
      else entries.delete(key)
    },
  }
}

export function createOpenAsks(): OpenAsks {
  /** In the order they were last seen: a sighting moves an ask to the end. */
  const open = new Map<string, OpenAsk>()
  const bySimilarity = createIndex<number>()
  const byToken = createIndex<string>()
  const byCollection = createIndex<Collection>()

  function remove(ask: OpenAsk | undefined): void {
    if (ask === undefined) return
    open.delete(ask.listingId)
    bySimilarity.remove(ask.similarKey, ask.listingId)
    byToken.remove(ask.tokenId, ask.listingId)
    for (const collection of ask.collections) byCollection.remove(collection, ask.listingId)
  }

  /** An axie can be on offer once: of several listings seen, the one begun last counts. */
  const isNewestOfToken = (ask: OpenAsk, at: number): boolean => {
    if (byToken.count(ask.tokenId) === 1) return true
    for (const other of byToken.get(ask.tokenId)) if (other.seenAt > at - askMillis && begunLater(other, ask)) return false
    return true
  }

  /** In dollars; null of an ask that is the axie's own, ended, replaced, or in a token without a rate. */
  const usdOfOther = (ask: OpenAsk, { tokenId, at, rates }: Pick<AskQuery, 'tokenId' | 'at' | 'rates'>): number | null => {
    if (ask.tokenId === tokenId || ask.seenAt <= at - askMillis || hasExpired(ask.ask, at)) return null
    return isNewestOfToken(ask, at) ? usdAt(ask.ask, at, rates) : null
  }

  return {
    see(ask, seenAt) {
      remove(open.get(ask.listingId))
      const seen = { ...ask, seenAt }
      open.set(ask.listingId, seen)
      bySimilarity.add(ask.similarKey, seen)
      byToken.add(ask.tokenId, seen)
      for (const collection of ask.collections) byCollection.add(collection, seen)
    },
    cancel: (listingId) => remove(open.get(listingId)),
    sold(tokenId, soldAt) {
      for (const ask of [...byToken.get(tokenId)]) if (ask.ask.startedAt <= soldAt) remove(ask)
    },
    forgetSeenUpTo(time) {
      for (const ask of open.values()) {
        if (ask.seenAt > time) return
        remove(ask)
      }
    },
    floor(query) {
      let [usd, count]: [number | null, number] = [null, 0]
      for (const ask of byCollection.get(query.collection)) {
        const other = usdOfOther(ask, query)
        if (other === null) continue
        count++
        usd = Math.min(usd ?? other, other)
      }
      return { usd, count }
    },
    similar(query) {
      const cheapest: PricedOpenAsk[] = []
      let count = 0
      for (const ask of bySimilarity.get(query.similarKey)) {
        const usd = usdOfOther(ask, query)
        if (usd === null) continue
        count++
        // Groups can be large, and only the first few of a group are wanted: no array of all, no sort of all.
        const last = cheapest[maxShown - 1]
        if (last !== undefined && !isCheaper({ ask, usd }, last)) continue
        cheapest.push({ ask, usd })
        cheapest.sort((a, b) => (isCheaper(a, b) ? -1 : 1))
        if (cheapest.length > maxShown) cheapest.pop()
      }
      return { cheapest: cheapest.map((one) => shown(one.ask, one.usd, query)), count }
    },
    size: () => open.size,
  }
}

const maxShown = 3

type PricedOpenAsk = Readonly<{ ask: OpenAsk; usd: number }>

const isCheaper = (one: PricedOpenAsk, other: PricedOpenAsk): boolean =>
  one.usd < other.usd || (one.usd === other.usd && one.ask.listingId < other.ask.listingId)

const begunLater = (one: OpenAsk, other: OpenAsk): boolean =>
  one.ask.startedAt > other.ask.startedAt || (one.ask.startedAt === other.ask.startedAt && one.listingId > other.listingId)

const shown = (ask: OpenAsk, usd: number, query: AskQuery): SimilarAsk => ({
  listingId: ask.listingId,
  tokenId: ask.tokenId,
  usd,
  seenAt: ask.seenAt,
  breedCount: ask.breedCount,
  identical: ask.identicalKey === query.identicalKey,
})
