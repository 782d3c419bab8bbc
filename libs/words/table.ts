/**
 * Rows of cells as lines of one table: the columns of `left` to the left (by default the first), numbers and the rest to the right.
 * The first row has the headings, and as many cells as any.
 */
export function alignColumns(
  rows: readonly (readonly string[])[],
  { left = [0], indent = 0 }: { left?: readonly number[] | 'all'; indent?: number } = {},
): string[] {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? []
  const isLeft = (column: number) => left === 'all' || left.includes(column)
  const aligned = (cell: string, column: number) => (isLeft(column) ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))
  return rows.map((row) => `${' '.repeat(indent)}${row.map(aligned).join('  ')}`.trimEnd())
}
