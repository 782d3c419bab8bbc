/**
 * The sales of the last two weeks, to be found under each similarity key, by class and by axie, newest first.
 *
 * Each sale is one row of typed columns. Under every key hangs a chain of rows, newest first (by time, then id): the key leads to its
 * newest row, each row to the next older one. Rows are numbered from 1 in the order of arrival and freed in that order, so a chain that
 * leads to a freed number has come to its end: everything behind it is older still.
 */
import { keyOn, similarityLadder, type Traits } from './similarity.ts'

/** A sale to remember. `relative`: log price less the market's level when it was sold. */
export type SaleToRemember = Readonly<{
  saleId: string
  tokenId: string
  traits: Traits
  usd: number
  soldAt: number
  relative: number | null
}>

/** A row's number; 0 is none. Valid until the next `add` or `forget`. */
export type SaleNumber = number

export interface SaleHistory {
  /** `knownAt` never goes back from one call to the next. */
  add(sale: SaleToRemember, knownAt: number): void
  /** Frees what was known up to and with that time. The caller reads nothing sold that long ago any more. */
  forgetKnownUpTo(time: number): void
  newestLike(rung: number, traits: Traits): SaleNumber
  newestOfClass(classNumber: number): SaleNumber
  newestOf(tokenId: string): SaleNumber
  olderLike(rung: number, sale: SaleNumber): SaleNumber
  olderOfClass(sale: SaleNumber): SaleNumber
  olderOf(sale: SaleNumber): SaleNumber
  soldAt(sale: SaleNumber): number
  /** NaN where there was no level to compare with. */
  relative(sale: SaleNumber): number
  usd(sale: SaleNumber): number
  saleId(sale: SaleNumber): string
  tokenId(sale: SaleNumber): string
  breedCount(sale: SaleNumber): number
  /** The traits of the sale, packed as `packParts` and `packRest` do. */
  parts(sale: SaleNumber): number
  rest(sale: SaleNumber): number
}

/** Mouth, horn, back, tail and eyes in six bits each, from the least significant. */
export const packParts = (traits: Traits): number =>
  traits[4] | (traits[5] << 6) | (traits[6] << 12) | (traits[7] << 18) | (traits[2] << 24)
/** Ears in six bits, then four of breed count. */
export const packRest = (traits: Traits): number => traits[3] | (traits[1] << 6)

const rungCount = similarityLadder.length
/** Chains: one for each rung, then by class, then by axie. */
const classChain = rungCount
const ownChain = rungCount + 1
const chainCount = rungCount + 2

type Columns = Readonly<{
  capacity: number
  soldAt: Float64Array
  knownAt: Float64Array
  usd: Float64Array
  relative: Float64Array
  parts: Int32Array
  rest: Int32Array
  keys: Float64Array
  older: Uint32Array
  saleIds: string[]
  tokenIds: string[]
}>

const createColumns = (capacity: number): Columns => ({
  capacity,
  soldAt: new Float64Array(capacity),
  knownAt: new Float64Array(capacity),
  usd: new Float64Array(capacity),
  relative: new Float64Array(capacity),
  parts: new Int32Array(capacity),
  rest: new Int32Array(capacity),
  keys: new Float64Array(capacity * chainCount),
  older: new Uint32Array(capacity * chainCount),
  saleIds: new Array<string>(capacity).fill(''),
  tokenIds: new Array<string>(capacity).fill(''),
})

function copyRow(from: Columns, to: Columns, sale: SaleNumber): void {
  const [source, target] = [sale % from.capacity, sale % to.capacity]
  for (const name of ['soldAt', 'knownAt', 'usd', 'relative', 'parts', 'rest'] as const) to[name][target] = from[name][source] as number
  to.keys.set(from.keys.subarray(source * chainCount, (source + 1) * chainCount), target * chainCount)
  to.older.set(from.older.subarray(source * chainCount, (source + 1) * chainCount), target * chainCount)
  to.saleIds[target] = from.saleIds[source] as string
  to.tokenIds[target] = from.tokenIds[source] as string
}

export function createSaleHistory(): SaleHistory {
  let columns = createColumns(1_024)
  /** Rows from `first` up to, not with, `next` are kept. */
  let [first, next] = [1, 1]
  const newestByKey = Array.from({ length: rungCount + 1 }, () => new Map<number, SaleNumber>())
  const newestByToken = new Map<string, SaleNumber>()

  const row = (sale: SaleNumber): number => sale % columns.capacity
  const kept = (sale: SaleNumber | undefined): SaleNumber => (sale === undefined || sale < first ? 0 : sale)
  const older = (chain: number, sale: SaleNumber): SaleNumber => kept(columns.older[row(sale) * chainCount + chain])

  function isNewer(one: SaleNumber, other: SaleNumber): boolean {
    const [a, b] = [row(one), row(other)]
    const difference = (columns.soldAt[a] as number) - (columns.soldAt[b] as number)
    return difference > 0 || (difference === 0 && (columns.saleIds[a] as string) > (columns.saleIds[b] as string))
  }

  /** Puts a sale in its place in a chain; answers the chain's newest. Nearly always that is the sale itself. */
  function link(chain: number, newest: SaleNumber, sale: SaleNumber): SaleNumber {
    if (newest === 0 || isNewer(sale, newest)) {
      columns.older[row(sale) * chainCount + chain] = newest
      return sale
    }
    let before = newest
    for (let after = older(chain, before); after !== 0 && isNewer(after, sale); after = older(chain, after)) before = after
    columns.older[row(sale) * chainCount + chain] = older(chain, before)
    columns.older[row(before) * chainCount + chain] = sale
    return newest
  }

  function grow(): void {
    if (next - first < columns.capacity) return
    const larger = createColumns(columns.capacity * 2)
    for (let sale = first; sale < next; sale += 1) copyRow(columns, larger, sale)
    columns = larger
  }

  function write(sale: SaleToRemember, knownAt: number): SaleNumber {
    grow()
    const number = next
    const at = row(number)
    columns.soldAt[at] = sale.soldAt
    columns.knownAt[at] = knownAt
    columns.usd[at] = sale.usd
    columns.relative[at] = sale.relative ?? Number.NaN
    columns.parts[at] = packParts(sale.traits)
    columns.rest[at] = packRest(sale.traits)
    columns.saleIds[at] = sale.saleId
    columns.tokenIds[at] = sale.tokenId
    next += 1
    return number
  }

  function linkAll(sale: SaleNumber, traits: Traits, tokenId: string): void {
    for (const [chain, newest] of newestByKey.entries()) {
      const key = chain === classChain ? traits[0] : keyOn((similarityLadder[chain] as (typeof similarityLadder)[number]).traits, traits)
      columns.keys[row(sale) * chainCount + chain] = key
      newest.set(key, link(chain, kept(newest.get(key)), sale))
    }
    newestByToken.set(tokenId, link(ownChain, kept(newestByToken.get(tokenId)), sale))
  }

  /** Keys that lead only to this sale have nothing left to lead to. */
  function unlink(sale: SaleNumber): void {
    for (const [chain, newest] of newestByKey.entries()) {
      const key = columns.keys[row(sale) * chainCount + chain] as number
      if (newest.get(key) === sale) newest.delete(key)
    }
    const tokenId = columns.tokenIds[row(sale)] as string
    if (newestByToken.get(tokenId) === sale) newestByToken.delete(tokenId)
  }

  return {
    add: (sale, knownAt) => linkAll(write(sale, knownAt), sale.traits, sale.tokenId),
    forgetKnownUpTo(time) {
      while (first < next && (columns.knownAt[row(first)] as number) <= time) {
        unlink(first)
        columns.saleIds[row(first)] = ''
        columns.tokenIds[row(first)] = ''
        first += 1
      }
    },
    newestLike: (rung, traits) =>
      kept(newestByKey[rung]?.get(keyOn((similarityLadder[rung] as (typeof similarityLadder)[number]).traits, traits))),
    newestOfClass: (classNumber) => kept(newestByKey[classChain]?.get(classNumber)),
    newestOf: (tokenId) => kept(newestByToken.get(tokenId)),
    olderLike: older,
    olderOfClass: (sale) => older(classChain, sale),
    olderOf: (sale) => older(ownChain, sale),
    soldAt: (sale) => columns.soldAt[row(sale)] as number,
    relative: (sale) => columns.relative[row(sale)] as number,
    usd: (sale) => columns.usd[row(sale)] as number,
    saleId: (sale) => columns.saleIds[row(sale)] as string,
    tokenId: (sale) => columns.tokenIds[row(sale)] as string,
    breedCount: (sale) => (columns.rest[row(sale)] as number) >>> 6,
    parts: (sale) => columns.parts[row(sale)] as number,
    rest: (sale) => columns.rest[row(sale)] as number,
  }
}
