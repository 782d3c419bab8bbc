import type { Page, Reject } from './page.ts'

/** An entry of a list, with the page it was first seen on. */
export type Seen<Item> = Readonly<{ item: Item; heldAt: number; marketTime: number }>
export type SeenReject = Readonly<{ reject: Reject; heldAt: number; marketTime: number }>

export type Reading<Item> = Readonly<{
  /** New ones, each once, in the order of the list: newest first. */
  items: readonly Seen<Item>[]
  rejects: readonly SeenReject[]
  /** Those met that were known. */
  known: readonly Item[]
  /** The page from the top that the reading went down from, new and known ones: what came in above it was not read. */
  top: readonly Item[]
  /** False where what lies further down was not seen. */
  complete: boolean
  /** Why not: the list goes on where no request gets to, or at `maxPages`. Null of a complete reading. */
  cut: 'out_of_reach' | 'max_pages' | null
}>

export type NewestFirstOptions<Item> = Readonly<{
  fetch(page: { from: number; size: number }): Promise<Page<Item>>
  keyOf(item: Item): string
  /** An earlier reading had it. */
  isKnown(item: Item): boolean
  /** So old (at that time of the market) that earlier readings had it, or it does not matter. Passed over. */
  isPast(item: Item, marketTime: number): boolean
  /** Whether more news may lie below a familiar entry, as in a list that is indexed late: then it does not end the reading. Default: never. */
  mayHideNews?(item: Item, marketTime: number): boolean
  /** Entries of the first page, for a list that rarely has news; the other pages have `size`. */
  firstSize: number
  size: number
  /** How many entries neighbouring pages share when nothing moves, and how many known or past ones end a reading. */
  overlap: number
  maxPages: number
}>

/** Where the marketplace's lists have been seen to answer nothing more, as if they ended there. Other markets answer further. */
const reachOfLists = 10_000
/** An empty page may be an index that is busy; one that is empty this often has nothing to tell. */
const emptyPagesBelieved = 3

/**
 * Reads a list that begins with the newest entry and moves while it is read: new entries push the others down, those that go let them
 * move up, past the edge of a page that was asked for before.
 *
 * 1. Pages are asked for with an overlap. Two readings agree when they share an entry: as the list keeps its order, nothing that stayed
 *    lies between them.
 * 2. When they share none, more than the overlap has gone meanwhile: the reading steps back up by a page, to the top if need be (a page
 *    from the top needs no neighbour), and goes on from there.
 * 3. It ends at `overlap` known or past entries, or at the end of the list.
 * 4. Pages may be shorter than asked: the next one begins by what came.
 * 5. A list that is suddenly empty, but not from the top, goes on out of reach: that is no end. Nor is an empty page where the list says
 *    that it is longer: it is asked for again, and where it stays empty the rest is out of reach.
 *
 * So whatever stays on the list from the first request to the last is among the entries, or is below a known one. An entry that comes
 * in above the place that is being read is for the next reading.
 */
export async function readNewestFirst<Item>(options: NewestFirstOptions<Item>): Promise<Reading<Item>> {
  const { fetch, size, overlap, maxPages } = options
  const found = createFindings(options)
  let from = 0
  /** One after the other. */
  let emptyPages = 0
  /** Where the page before ended. */
  let covered = 0

  for (let pages = 0; pages < maxPages; pages++) {
    const asked = { from, size: pages === 0 ? options.firstSize : size }
    const page = await fetch(asked)
    if (page.count === 0 && page.total === 0 && from > 0) return found.reading((await isLongerThan(from, options)) ? 'out_of_reach' : null)
    if (page.count === 0 && page.total > from) {
      if (++emptyPages === emptyPagesBelieved) return found.reading('out_of_reach')
      continue
    }
    emptyPages = 0
    // Behind a page of a single entry the next one shares none with it.
    if (from > 0 && from < covered && !found.agreesWith(page)) {
      from = Math.max(0, from - (page.count || size))
      continue
    }
    found.add(page, from === 0)
    if (found.familiar() >= overlap) return found.reading(null)
    // A total of just that is where the marketplace stops counting.
    if (from + page.count >= page.total) return found.reading(page.total === reachOfLists ? 'out_of_reach' : null)
    covered = from + page.count
    from += stepAfter(page.count, asked.size, overlap)
  }
  return found.reading('max_pages')
}

/** A shorter page than was asked for shares less, or a reading of short pages would hardly move. */
function stepAfter(count: number, asked: number, overlap: number): number {
  return Math.max(1, count - (count < asked ? Math.min(overlap, Math.ceil(count / 4)) : overlap))
}

/** Whether a list that just answered nothing at all has more entries than that, asked from the top. */
async function isLongerThan<Item>(from: number, { fetch, firstSize }: NewestFirstOptions<Item>): Promise<boolean> {
  return (await fetch({ from: 0, size: firstSize })).total > from
}

function createFindings<Item>({ keyOf, isKnown, isPast, mayHideNews = () => false }: NewestFirstOptions<Item>) {
  const items = new Map<string, Seen<Item>>()
  const rejects = new Map<string, SeenReject>()
  const known = new Map<string, Item>()
  // Since the last page from the top: what the next page has to share an entry with, and how much of it is known or past.
  let stretch = new Set<string>()
  let familiar = new Set<string>()
  let top: readonly Item[] = []
  const keysOf = (page: Page<Item>): string[] => [...page.items.map(keyOf), ...page.rejects.map(({ key }) => key)]

  return {
    agreesWith: (page: Page<Item>): boolean => keysOf(page).some((key) => stretch.has(key)),
    familiar: (): number => familiar.size,
    add(page: Page<Item>, fromTop: boolean): void {
      if (fromTop) {
        stretch = new Set()
        familiar = new Set()
        top = page.items
      }
      for (const key of keysOf(page)) stretch.add(key)
      const when = { heldAt: page.heldAt, marketTime: page.marketTime }
      for (const item of page.items) {
        const key = keyOf(item)
        if (isKnown(item)) known.set(key, item)
        else if (!isPast(item, page.marketTime)) {
          const seen = items.get(key) ?? { item, ...when }
          // Behind what was seen above it this time, also when a page before saw it first.
          items.delete(key)
          items.set(key, seen)
          continue
        }
        if (!mayHideNews(item, page.marketTime)) familiar.add(key)
      }
      for (const reject of page.rejects) if (!rejects.has(reject.key)) rejects.set(reject.key, { reject, ...when })
    },
    reading: (cut: Reading<Item>['cut']): Reading<Item> => ({
      items: [...items.values()],
      rejects: [...rejects.values()],
      known: [...known.values()],
      top,
      complete: cut === null,
      cut,
    }),
  }
}
