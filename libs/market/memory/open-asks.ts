/** The asks that were seen lately and are not known to be gone. They serve the second check and the display, never the features. */

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

export interface OpenAsks {
  /** `seenAt` never goes back from one call to the next. */
  see(ask: AskToTrack, seenAt: number): void
  cancel(listingId: string): void
  /** A sale ends every listing of the axie that began before it; a later one is the new owner's. */
  sold(tokenId: string, soldAt: number): void
  forgetSeenUpTo(time: number): void
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

  function remove(ask: OpenAsk | undefined): void {
    if (ask === undefined) return
    open.delete(ask.listingId)
    bySimilarity.remove(ask.similarKey, ask.listingId)
    byToken.remove(ask.tokenId, ask.listingId)
  }

  /** An axie can be on offer once: of several listings seen, the one begun last counts. */
  const isNewestOfToken = (ask: OpenAsk, at: number): boolean => {
    if (byToken.count(ask.tokenId) === 1) return true
    for (const other of byToken.get(ask.tokenId)) if (other.seenAt > at - askMillis && begunLater(other, ask)) return false
    return true
  }

  return {
    see(ask, seenAt) {
      remove(open.get(ask.listingId))
      const seen = { ...ask, seenAt }
      open.set(ask.listingId, seen)
      bySimilarity.add(ask.similarKey, seen)
      byToken.add(ask.tokenId, seen)
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
    similar(query) {
      const cheapest: PricedOpenAsk[] = []
      let count = 0
      for (const ask of bySimilarity.get(query.similarKey)) {
        if (ask.tokenId === query.tokenId || ask.seenAt <= query.at - askMillis || hasExpired(ask.ask, query.at)) continue
        if (!isNewestOfToken(ask, query.at)) continue
        const usd = usdAt(ask.ask, query.at, query.rates)
        if (usd === null) continue
        count++
        // Groups can be large, and only the first few of a group are wanted: no array of all, no sort of all.
        const last = cheapest[mostShown - 1]
        if (last !== undefined && !isCheaper({ ask, usd }, last)) continue
        cheapest.push({ ask, usd })
        cheapest.sort((a, b) => (isCheaper(a, b) ? -1 : 1))
        if (cheapest.length > mostShown) cheapest.pop()
      }
      return { cheapest: cheapest.map((one) => shown(one.ask, one.usd, query)), count }
    },
    size: () => open.size,
  }
}

const mostShown = 3

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
