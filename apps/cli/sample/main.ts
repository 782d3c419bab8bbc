import { parseArgs } from 'node:util'
import { exitCodes } from '#lib/app/exit-codes.ts'
import { UsageError } from '#lib/app/usage-error.ts'
import { classOf } from '#lib/axie/classes.ts'
import { type Part, partOf, partTypes } from '#lib/axie/parts.ts'
import { purityOf } from '#lib/axie/stats.ts'
import { momentOption, numberOption, seedOption } from '#lib/cli/values.ts'
import { dayMillis } from '#lib/clock/durations.ts'
import { saleColumns } from '#lib/market/sale-csv.ts'
import type { SoldAxie } from '#lib/synthetic/sold-axie.ts'
import { syntheticSales } from '#lib/synthetic/synthetic-sales.ts'

const help = `flipstream sample: writes synthetic sales as CSV, in the columns that --sales reads.

  --days N      how many days (default 12)
  --seed N      the same seed gives the same sales (default 1)
  --per-hour N  sales an hour (default 200)
  --from TIME   when they begin (default 2026-01-01T00:00:00Z)

Class shares, builds, prices, noise and resales follow what was measured on real sales of April 2022.
`

export async function run(argv: readonly string[], output: NodeJS.WritableStream = process.stdout): Promise<number> {
  if (argv.includes('--help') || argv.includes('-h')) {
    output.write(help)
    return exitCodes.done
  }
  const { days, seed, salesPerHour, start } = parse(argv)
  // Who reads only the first lines (head) closes the pipe: that is no error.
  let closed = false
  output.on('error', () => {
    closed = true
    output.emit('drain')
  })
  output.write(`${saleColumns.join()}\n`)
  let lines: string[] = []
  for (const sold of syntheticSales({ seed, start, salesPerHour })) {
    const isDone = sold.soldAt >= start + days * dayMillis
    if (!isDone) lines.push(rowOf(sold))
    if (!isDone && lines.length < 1_000) continue
    if (closed) break
    if (!output.write(lines.map((line) => `${line}\n`).join(''))) await new Promise((resolve) => output.once('drain', resolve))
    lines = []
    if (isDone) break
  }
  return exitCodes.done
}

function rowOf({ soldAt, tokenId, class: name, breedCount, parts, priceUsd }: SoldAxie): string {
  const own = partTypes.map((type) => partOf(parts[type])).filter((part): part is Part => part !== null)
  const purity = purityOf(classOf(name)!, own)
  return [soldAt / 1_000, tokenId, name, breedCount, purity, ...partTypes.map((type) => parts[type]), priceUsd].join()
}

function parse(argv: readonly string[]): { days: number; seed: number; salesPerHour: number; start: number } {
  const { values } = parseOptions(argv)
  const start = momentOption('--from', values.from ?? '2026-01-01T00:00:00Z')
  return {
    start,
    days: numberOption('--days', values.days ?? '12', { above: 0, atMost: 3_650 }),
    seed: seedOption('--seed', values.seed ?? '1'),
    salesPerHour: numberOption('--per-hour', values['per-hour'] ?? '200', { above: 0, atMost: 1e6 }),
  }
}

function parseOptions(argv: readonly string[]) {
  try {
    const text = { type: 'string' } as const
    return parseArgs({ args: [...argv], options: { days: text, seed: text, 'per-hour': text, from: text } })
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\nSee flipstream sample --help`)
  }
}
