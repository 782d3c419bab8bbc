/**
 * How often the learner's verdicts are wrong, and how many sales they take: on markets that are resampled from a table of real losses.
 *
 *   node bin/node.mjs scripts/study/learning-power.ts TABLE.json [--markets 1000]
 *
 * TABLE.json: {"days": [{"hours": [{"champion": [loss…], "other": [loss…]}]}]}, of two models on the same sales. A market is days of it
 * drawn with replacement, and within a day its hours in their order, until a challenger's tenure ends.
 */
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { betterOf, type Comparison, noComparison, withBlock } from '#lib/learning/comparison.ts'
import { learningSettings as settings } from '#lib/learning/settings.ts'
import { createRandom } from '#lib/numbers/random.ts'
import type { PairedLosses } from '#schemas/types.ts'

type Hour = Readonly<{ champion: readonly number[]; other: readonly number[] }>
type Table = Readonly<{ days: readonly Readonly<{ hours: readonly Hour[] }>[] }>
/** The other model's loss of a sale, from both losses of the table; `sign` is drawn by day. */
type World = (champion: number, other: number, sign: 1 | -1) => readonly [champion: number, other: number]

const { values, positionals } = parseArgs({ allowPositionals: true, options: { markets: { type: 'string', default: '1000' } } })
const [file] = positionals
if (file === undefined) throw new Error('usage: scripts/study/learning-power.ts TABLE.json [--markets 1000]')
const table = JSON.parse(readFileSync(file, 'utf8')) as Table
const markets = Number(values.markets)
const tenureDays = Math.round(settings.tenureMillis / 86_400_000)
const gain = 1 - sumOf('other') / sumOf('champion')

function sumOf(model: keyof Hour): number {
  return table.days.flatMap(({ hours }) => hours.flatMap((hour) => hour[model])).reduce((sum, loss) => sum + loss, 0)
}

/** Two models that are equal on the whole, and differ by day as these do: which is which is drawn anew each day. */
const equal: World = (champion, other, sign) => (sign === 1 ? [champion, other] : [other, champion])
/** The same, and every loss of the other one larger or smaller by a ratio. */
const changed =
  (share: number): World =>
  (champion, other, sign) => {
    const [one, two] = equal(champion, other, sign)
    return [one, two * (1 - share)]
  }

function blocksOf(world: World, random: ReturnType<typeof createRandom>): PairedLosses[] {
  const blocks: PairedLosses[] = []
  for (let count = 0; count < tenureDays; count++) {
    const { hours } = table.days[Math.floor(random.uniform() * table.days.length)] as Table['days'][number]
    const sign = random.uniform() < 0.5 ? 1 : -1
    let open = { sales: 0, championLoss: 0, difference: 0, squares: 0 }
    for (const hour of hours) {
      for (const [place, loss] of hour.champion.entries()) {
        const [champion, other] = world(loss, hour.other[place] as number, sign)
        const difference = Math.max(-settings.clip, Math.min(settings.clip, champion - other))
        open = {
          sales: open.sales + 1,
          championLoss: open.championLoss + champion,
          difference: open.difference + difference,
          squares: open.squares + difference * difference,
        }
      }
      if (open.sales < settings.block.sales) continue
      blocks.push({ modelId: 'other', ...open })
      open = { sales: 0, championLoss: 0, difference: 0, squares: 0 }
    }
  }
  return blocks
}

/** Sales until it is shown, looking after every block; null where the tenure ends before. */
function salesUntil(blocks: readonly PairedLosses[], isShown: (comparison: Comparison) => boolean): number | null {
  let comparison = noComparison
  for (const block of blocks) {
    comparison = withBlock(comparison, block)
    if (isShown(comparison)) return comparison.sales
  }
  return null
}

const isBetter = (comparison: Comparison): boolean => betterOf(comparison, settings).lower > 0
const isWorse = (comparison: Comparison): boolean => betterOf(comparison, settings).upper < 0
const isNoWorse = (comparison: Comparison): boolean => betterOf(comparison, settings).lower > -settings.margin

function report(name: string, world: World, isShown: (comparison: Comparison) => boolean): void {
  const random = createRandom(1)
  const found = Array.from({ length: markets }, () => salesUntil(blocksOf(world, random), isShown))
  const shown = found.filter((sales) => sales !== null).sort((one, other) => one - other)
  const at = (share: number): string => {
    const place = Math.ceil(share * markets) - 1
    return place < shown.length ? String(shown[place]) : 'not within the tenure'
  }
  console.log(
    `${name}: shown in ${((shown.length / markets) * 100).toFixed(1)}% of ${markets} markets; sales median ${at(0.5)}, p90 ${at(0.9)}`,
  )
}

console.log(`${table.days.length} days; the other model is ${(gain * 100).toFixed(2)}% better on all of them`)
report('equal, called better (wrong)', equal, isBetter)
report('equal, called worse (wrong)', equal, isWorse)
report('3% worse, called no worse by 3% (wrong)', changed(-settings.margin), isNoWorse)
report('equal, called no worse by 3%', equal, isNoWorse)
report('3% better, called better', changed(0.03), isBetter)
report('10% better, called better', changed(0.1), isBetter)
report('10% worse, called worse: what a rollback takes', changed(-0.1), isWorse)
