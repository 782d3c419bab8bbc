/**
 * The newest sales of each class, side by side in memory: the search for neighbours reads them all for every listing, so they lie as
 * bare columns and not behind the chains of `sale-history.ts`.
 */
import type { Traits } from '#lib/axie/similarity.ts'

/** Sales remembered for a class; older ones are no longer neighbours. */
export const maxSalesOfClass = 2_000
/** Sales remembered for a kind other than the plain one: there are many kinds, and few axies of each. */
const maxSalesOfKind = 500

/** Mouth, horn, back and tail in six bits each, from the least significant. */
export const packBattleParts = (traits: Traits): number => traits[4] | (traits[5] << 6) | (traits[6] << 12) | (traits[7] << 18)
/** Eyes and ears, likewise. */
export const packOtherParts = (traits: Traits): number => traits[2] | (traits[3] << 6)

/** Columns of one class, ordered by time; rows from `start` up to, not with, `end` count. Read only. */
export type ClassColumns = {
  start: number
  end: number
  readonly soldAt: Float64Array
  readonly relative: Float64Array
  /** NaN where no item model was promoted when the sale was told. */
  readonly residual: Float64Array
  readonly battleParts: Int32Array
  readonly otherParts: Int32Array
  readonly breedCount: Int32Array
}

export interface ClassSales {
  /** Sales may arrive late. Of those of one time, the lowest relative price comes first, then the lowest residual: so the order of arrival does not matter. */
  add(sale: Readonly<{ soldAt: number; traits: Traits; relative: number; residual: number }>): void
  /** @param kind see `kindOf`: neighbours are of one kind */
  columnsOf(classNumber: number, kind: number): ClassColumns
}

/** Room to append before the newest have to be moved to the front: four times those that count. */
const roomFor = 4
const maxSalesOf = (kind: number): number => (kind === 0 ? maxSalesOfClass : maxSalesOfKind)

const createColumns = (capacity: number): ClassColumns => ({
  start: 0,
  end: 0,
  soldAt: new Float64Array(capacity),
  relative: new Float64Array(capacity),
  residual: new Float64Array(capacity),
  battleParts: new Int32Array(capacity),
  otherParts: new Int32Array(capacity),
  breedCount: new Int32Array(capacity),
})

const all = (columns: ClassColumns) => [
  columns.soldAt,
  columns.relative,
  columns.residual,
  columns.battleParts,
  columns.otherParts,
  columns.breedCount,
]

/** Whether the sale at `row` stands behind one of this time and these prices. */
function comesLater({ soldAt, relative, residual }: ClassColumns, row: number, sale: Parameters<ClassSales['add']>[0]): boolean {
  if (soldAt[row] !== sale.soldAt) return (soldAt[row] as number) > sale.soldAt
  if (relative[row] !== sale.relative) return (relative[row] as number) > sale.relative
  return (residual[row] as number) > sale.residual
}

function moveToFront(columns: ClassColumns): void {
  for (const column of all(columns)) column.copyWithin(0, columns.start, columns.end)
  columns.end -= columns.start
  columns.start = 0
}

const none = createColumns(0)

export function createClassSales(): ClassSales {
  const groups = new Map<number, ClassColumns>()
  const groupOf = (classNumber: number, kind: number): number => classNumber * 64 + kind

  function columnsOf(classNumber: number, kind: number): ClassColumns {
    const group = groupOf(classNumber, kind)
    const columns = groups.get(group) ?? createColumns(roomFor * maxSalesOf(kind))
    groups.set(group, columns)
    return columns
  }

  return {
    columnsOf: (classNumber, kind) => groups.get(groupOf(classNumber, kind)) ?? none,
    add(sale) {
      const { soldAt, traits, relative, residual } = sale
      const columns = columnsOf(traits[0], traits[8])
      if (columns.end === columns.soldAt.length) moveToFront(columns)
      let place = columns.end
      while (place > columns.start && comesLater(columns, place - 1, sale)) place -= 1
      if (place < columns.end) for (const column of all(columns)) column.copyWithin(place + 1, place, columns.end)
      columns.soldAt[place] = soldAt
      columns.relative[place] = relative
      columns.residual[place] = residual
      columns.battleParts[place] = packBattleParts(traits)
      columns.otherParts[place] = packOtherParts(traits)
      columns.breedCount[place] = traits[1]
      columns.end += 1
      if (columns.end - columns.start > maxSalesOf(traits[8])) columns.start += 1
    },
  }
}
