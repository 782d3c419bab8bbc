/**
 * The sales of the last two weeks, to be found under each similarity key and by axie, newest first.
 *
 * Each sale is one row of typed columns. Under every key hangs a chain of rows, newest first (by time, then id): the key leads to its
 * newest row, each row to the next older one. Rows are numbered from 1 in the order of arrival and freed in that order, so a chain that
 * leads to a freed number has come to its end: everything behind it is older still.
 */
import type { Growth } from '#lib/axie/attributes.ts'
import { keyOn, rungNumber, similarityLadder, type Traits } from '#lib/axie/similarity.ts'

/**
 * A sale to remember. `relative`: log price less the market's level when it was sold. `residual`: what is left of it when the axie's own
 * effect is taken out too (see residual-measures.ts); null where no item model was promoted. Its growth: as it was sold.
 */
export type SaleToRemember = Readonly<{
  saleId: string
  tokenId: string
  traits: Traits
  usd: number
  soldAt: number
  relative: number | null
  residual: number | null
}> &
  Growth

/** A row's number; 0 is none. It is never given twice. */
export type SaleNumber = number

export interface SaleHistory {
  /** Answers its number. `knownAt` never goes back from one call to the next. */
  add(sale: SaleToRemember, knownAt: number): SaleNumber
  /** Another residual, by another item model. A sale that was forgotten stays so. */
  readAnew(sale: SaleNumber, residual: number | null): void
  /** Frees what was known up to and with that time. The caller reads nothing sold that long ago any more. */
  forgetKnownUpTo(time: number): void
  /** The newest of an axie's like on each rung of the ladder. Valid until the next call. */
  newestLikes(traits: Traits): ArrayLike<SaleNumber>
  newestOf(tokenId: string): SaleNumber
  olderLike(rung: number, sale: SaleNumber): SaleNumber
  olderOf(sale: SaleNumber): SaleNumber
  soldAt(sale: SaleNumber): number
  /** NaN where there was no level to compare with. */
  relative(sale: SaleNumber): number
  /** NaN where there was no item model, or no level. */
  residual(sale: SaleNumber): number
  usd(sale: SaleNumber): number
  saleId(sale: SaleNumber): string
  tokenId(sale: SaleNumber): string
  breedCount(sale: SaleNumber): number
  /** As it was sold; null where that is not known. */
  growth(sale: SaleNumber): Growth
  /** A key of the class and the six parts: equal for identical axies. */
  identicalKey(sale: SaleNumber): number
  /** Sales in memory, and the keys that lead to them. */
  size(): Readonly<{ sales: number; keys: number }>
}

const rungCount = similarityLadder.length
const rungTraits: readonly (readonly number[])[] = similarityLadder.map(({ traits }) => traits)
const identicalRung = rungNumber('six')
/** Chains: one for each rung, then by axie. */
const ownChain = rungCount
const chainCount = rungCount + 1

/** No axie comes near it; what claims to is cut there. */
const highestLevel = 32_767

/** Rows lie at their number modulo the capacity, a power of two. */
type Columns = Readonly<{
  capacity: number
  soldAt: Float64Array
  knownAt: Float64Array
  usd: Float64Array
  relative: Float64Array
  residual: Float64Array
  breedCount: Uint8Array
  /** -1 where nobody knows. */
  level: Int16Array
  evolvedParts: Int8Array
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
  residual: new Float64Array(capacity),
  breedCount: new Uint8Array(capacity),
  level: new Int16Array(capacity),
  evolvedParts: new Int8Array(capacity),
  keys: new Float64Array(capacity * rungCount),
  older: new Uint32Array(capacity * chainCount),
  saleIds: new Array<string>(capacity).fill(''),
  tokenIds: new Array<string>(capacity).fill(''),
})

function copyRow(from: Columns, to: Columns, sale: SaleNumber): void {
  const [source, target] = [sale & (from.capacity - 1), sale & (to.capacity - 1)]
  for (const name of ['soldAt', 'knownAt', 'usd', 'relative', 'residual', 'breedCount', 'level', 'evolvedParts'] as const)
    to[name][target] = from[name][source] as number
  to.keys.set(from.keys.subarray(source * rungCount, (source + 1) * rungCount), target * rungCount)
  to.older.set(from.older.subarray(source * chainCount, (source + 1) * chainCount), target * chainCount)
  to.saleIds[target] = from.saleIds[source] as string
  to.tokenIds[target] = from.tokenIds[source] as string
}

export function createSaleHistory(): SaleHistory {
  let columns = createColumns(1_024)
  /** Rows from `first` up to, not with, `next` are kept. */
  let [first, next] = [1, 1]
  const newestByKey = Array.from({ length: rungCount }, () => new Map<number, SaleNumber>())
  const newestByToken = new Map<string, SaleNumber>()
  const newestLikes = new Float64Array(rungCount)

  const row = (sale: SaleNumber): number => sale & (columns.capacity - 1)
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
    columns.residual[at] = sale.residual ?? Number.NaN
    columns.breedCount[at] = sale.traits[1]
    columns.level[at] = Math.min(highestLevel, sale.level ?? -1)
    columns.evolvedParts[at] = sale.evolvedParts ?? -1
    columns.saleIds[at] = sale.saleId
    columns.tokenIds[at] = sale.tokenId
    next += 1
    return number
  }

  function linkAll(sale: SaleNumber, traits: Traits, tokenId: string): void {
    for (let rung = 0; rung < rungCount; rung += 1) {
      const key = keyOn(rungTraits[rung] as readonly number[], traits)
      const newest = newestByKey[rung] as Map<number, SaleNumber>
      columns.keys[row(sale) * rungCount + rung] = key
      newest.set(key, link(rung, kept(newest.get(key)), sale))
    }
    newestByToken.set(tokenId, link(ownChain, kept(newestByToken.get(tokenId)), sale))
  }

  /** Keys that lead only to this sale have nothing left to lead to. */
  function unlink(sale: SaleNumber): void {
    for (let rung = 0; rung < rungCount; rung += 1) {
      const key = columns.keys[row(sale) * rungCount + rung] as number
      const newest = newestByKey[rung] as Map<number, SaleNumber>
      if (newest.get(key) === sale) newest.delete(key)
    }
    const tokenId = columns.tokenIds[row(sale)] as string
    if (newestByToken.get(tokenId) === sale) newestByToken.delete(tokenId)
  }

  return {
    add(sale, knownAt) {
      const number = write(sale, knownAt)
      linkAll(number, sale.traits, sale.tokenId)
      return number
    },
    readAnew(sale, residual) {
      if (kept(sale) !== 0) columns.residual[row(sale)] = residual ?? Number.NaN
    },
    forgetKnownUpTo(time) {
      while (first < next && (columns.knownAt[row(first)] as number) <= time) {
        unlink(first)
        columns.saleIds[row(first)] = ''
        columns.tokenIds[row(first)] = ''
        first += 1
      }
    },
    newestLikes(traits) {
      for (let rung = 0; rung < rungCount; rung += 1)
        newestLikes[rung] = kept(newestByKey[rung]?.get(keyOn(rungTraits[rung] as readonly number[], traits)))
      return newestLikes
    },
    newestOf: (tokenId) => kept(newestByToken.get(tokenId)),
    olderLike: older,
    olderOf: (sale) => older(ownChain, sale),
    soldAt: (sale) => columns.soldAt[row(sale)] as number,
    relative: (sale) => columns.relative[row(sale)] as number,
    residual: (sale) => columns.residual[row(sale)] as number,
    usd: (sale) => columns.usd[row(sale)] as number,
    saleId: (sale) => columns.saleIds[row(sale)] as string,
    tokenId: (sale) => columns.tokenIds[row(sale)] as string,
    breedCount: (sale) => columns.breedCount[row(sale)] as number,
    growth(sale) {
      const [level, evolvedParts] = [columns.level[row(sale)] as number, columns.evolvedParts[row(sale)] as number]
      return { level: level < 0 ? null : level, evolvedParts: evolvedParts < 0 ? null : evolvedParts }
    },
    identicalKey: (sale) => columns.keys[row(sale) * rungCount + identicalRung] as number,
    size: () => ({ sales: next - first, keys: newestByKey.reduce((sum, { size }) => sum + size, newestByToken.size) }),
  }
}
