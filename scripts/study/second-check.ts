/**
 * The second check by breed band and attributes beside today's, on real sales walked forward by day: which listings each lets through of
 * those that the default rule's forecast wants, and what came of them by measures that neither check is made of.
 *
 *   node bin/node.mjs scripts/study/second-check.ts SALES.csv [--from 2022-04-13] [--days 2022-04-14,2022-04-15,2022-04-16,2022-04-18]
 *
 * Thresholds are fixed before each judged day: on the days before it, as many picks as today's check lets through. Judged by own resales
 * within 24 hours, and by the next sales of neighbours in parts (class and three of four battle parts, never all four: those are what
 * either check compares with). Intervals are over days; better is only what keeps clear of zero.
 */
import { parseArgs } from 'node:util'
import { anatomyOf, isEgg } from '#lib/axie/anatomy.ts'
import { traitsOf, traitsOfProfile } from '#lib/axie/similarity.ts'
import { candidateOf } from '#lib/backtest/candidate-of.ts'
import { leastDays } from '#lib/backtest/money/contest.ts'
import { opportunityOf } from '#lib/backtest/money/opportunity.ts'
import { createSaleBook } from '#lib/backtest/money/sale-book.ts'
import { defaultExecution } from '#lib/backtest/money/settings.ts'
import { readSales, spanOf } from '#lib/backtest/play-sales.ts'
import { walkForward } from '#lib/backtest/walk-forward.ts'
import { dayMillis } from '#lib/clock/durations.ts'
import { payloadOf } from '#lib/market/event.ts'
import { median } from '#lib/numbers/median.ts'
import { meanInterval } from '#lib/numbers/student-t.ts'
import { defaultRules } from '#lib/rules/presets.ts'
import type { RuleSet } from '#lib/rules/rule-set.ts'
import type { MarketEvent } from '#schemas/types.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    from: { type: 'string', default: '2022-04-13' },
    days: { type: 'string', default: '2022-04-14,2022-04-15,2022-04-16,2022-04-18' },
  },
})
const [file] = positionals
if (file === undefined) throw new Error('usage: scripts/study/second-check.ts SALES.csv [--from DAY] [--days DAY,…]')

const days = values.days.split(',').sort()
const settings = defaultExecution
const horizonMillis = settings.horizonHours * 3_600_000
const maxSales = 5
const fewestSales = 3
const todaysRatio = 1.3

/** A listing that the forecast wants: what its like sold for before, and what came of it. Ratios are of the ask. */
type Wanted = Readonly<{
  day: string
  askUsd: number
  similarRatio: number | null
  alikeRatio: number | null
  /** Net gain of its own resale within the horizon; null: none was seen. */
  ownUsd: number | null
  /** Net gain at the median of the next sales of neighbours in parts. */
  neighbourUsd: number | null
}>

type CheckOf = (wanted: Wanted) => number | null
const checks: Readonly<Record<string, CheckOf>> = {
  today: ({ similarRatio }) => similarRatio,
  'breed band and attributes': ({ alikeRatio }) => alikeRatio,
  'the same, else today': ({ alikeRatio, similarRatio }) => alikeRatio ?? similarRatio,
}

/** Next sales of neighbours in parts: `after` < time <= `until`, oldest first. */
function createNeighbours(events: readonly MarketEvent[]) {
  const byKey = new Map<string, { at: number; usd: number; tokenId: string; four: string }[]>()
  const threesOf = (traits: ArrayLike<number>): string[] =>
    [4, 5, 6, 7].map((left) => [0, 4, 5, 6, 7, 8].map((trait) => (trait === left ? '-' : traits[trait])).join(' '))
  const fourOf = (traits: ArrayLike<number>): string => [0, 4, 5, 6, 7].map((trait) => traits[trait]).join(' ')
  for (const event of events) {
    const { kind, value } = payloadOf(event)
    if (kind !== 'Sale' || value.priceUsd === null || isEgg(value.item)) continue
    const traits = traitsOf(anatomyOf(value.item))
    const sale = { at: value.soldAt, usd: Number(value.priceUsd), tokenId: value.item.tokenId, four: fourOf(traits) }
    for (const key of threesOf(traits)) byKey.set(key, [...(byKey.get(key) ?? []), sale])
  }
  return (traits: ArrayLike<number>, tokenId: string, after: number, until: number): number[] => {
    const four = fourOf(traits)
    return threesOf(traits)
      .flatMap((key) => byKey.get(key) ?? [])
      .filter((sale) => sale.at > after && sale.at <= until && sale.tokenId !== tokenId && sale.four !== four)
      .sort((one, other) => one.at - other.at)
      .map(({ usd }) => usd)
  }
}

async function wantedOf(salesFile: string): Promise<Wanted[]> {
  const events = await readSales(salesFile, 'recorded')
  const book = createSaleBook(events)
  const neighboursOf = createNeighbours(events)
  const rules: RuleSet = { ...defaultRules, rules: defaultRules.rules.map((rule) => ({ ...rule, secondCheck: { kind: 'none' } as const })) }
  const wanted: Wanted[] = []
  const ratioOf = (usd: readonly number[], askUsd: number) => (usd.length < fewestSales ? null : median(usd.slice(0, maxSales)) / askUsd)
  const net = (usd: number, costUsd: number): number => usd * (1 - settings.feeRatio) - settings.gasUsd - costUsd
  await walkForward({
    ...{ salesFile, events, source: 'recorded', rules, backend: 'wasm', seed: 1, partitions: 3 },
    ...spanOf(events, { from: Date.parse(values.from), to: Date.parse(days.at(-1) as string) + dayMillis }),
    onProgress: ({ day, days: all, training }) =>
      void process.stderr.write(`\rday ${day} of ${all}: ${training?.stage ?? 'playing'}      `),
    onDecided(decided) {
      if (decided.verdicts[0]?.alerts.length === 0) return
      const { item, context, ask, observedAt } = decided.scored.listing
      const { chances, boughtAt, costUsd } = opportunityOf(book, candidateOf(decided), settings, 'assumed')
      const neighbours = neighboursOf(traitsOfProfile(item), item.tokenId, boughtAt, boughtAt + horizonMillis).slice(0, maxSales)
      wanted.push({
        day: new Date(observedAt + 1).toISOString().slice(0, 10),
        askUsd: ask.usd,
        similarRatio: ratioOf(
          context.similarSales.map(({ usd }) => usd),
          ask.usd,
        ),
        alikeRatio: ratioOf(context.alike?.usd ?? [], ask.usd),
        ownUsd: chances[0]?.own === true ? net(chances[0].priceUsd, costUsd) : null,
        neighbourUsd: neighbours.length === 0 ? null : net(median(neighbours), costUsd),
      })
    },
  })
  process.stderr.write('\n')
  return wanted
}

/** The threshold at which a check lets through as many of these as today's does. */
function thresholdOf(check: CheckOf, before: readonly Wanted[]): number {
  const picks = before.filter((one) => (one.similarRatio ?? 0) >= todaysRatio).length
  const ratios = before.flatMap((one) => check(one) ?? []).sort((one, other) => other - one)
  return ratios[Math.min(picks, ratios.length) - 1] ?? todaysRatio
}

const share = (values: readonly number[]): number => values.filter((value) => value > 0).length / values.length
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
const measures: Readonly<Record<string, (picks: readonly Wanted[]) => number>> = {
  'own resales that gained': (picks) => share(picks.flatMap(({ ownUsd }) => ownUsd ?? [])),
  'net of an own resale, $': (picks) => mean(picks.flatMap(({ ownUsd }) => ownUsd ?? [])),
  'neighbours’ exits that gained': (picks) => share(picks.flatMap(({ neighbourUsd }) => neighbourUsd ?? [])),
  'net at neighbours’ exits, $': (picks) => mean(picks.flatMap(({ neighbourUsd }) => neighbourUsd ?? [])),
}

const wanted = await wantedOf(file)
const judged = days.map((day) => {
  const [before, ofDay] = [wanted.filter((one) => one.day < day), wanted.filter((one) => one.day === day)]
  const picks = Object.fromEntries(
    Object.entries(checks).map(([name, check]) => {
      const threshold = name === 'today' ? todaysRatio : thresholdOf(check, before)
      return [name, { threshold, picks: ofDay.filter((one) => (check(one) ?? 0) >= threshold) }]
    }),
  )
  return { day, wanted: ofDay.length, picks }
})

const text = (value: number): string => value.toFixed(3)
for (const name of Object.keys(checks)) {
  console.log(`\n${name}`)
  for (const { day, wanted: all, picks } of judged) {
    const { threshold, picks: passed } = picks[name]!
    const own = passed.filter(({ ownUsd }) => ownUsd !== null).length
    const exits = passed.filter(({ neighbourUsd }) => neighbourUsd !== null).length
    const figures = Object.values(measures).map((measure) => text(measure(passed)))
    console.log(
      `  ${day}  ratio ${text(threshold)}  ${passed.length} of ${all} picked, ${own} resold, ${exits} with exits:  ${figures.join('  ')}`,
    )
  }
}
for (const name of Object.keys(checks).slice(1)) {
  console.log(`\n${name}, less today, mean over days [95%]`)
  for (const [what, measure] of Object.entries(measures)) {
    const differences = judged.map(({ picks }) => measure(picks[name]!.picks) - measure(picks['today']!.picks))
    const interval = meanInterval(differences, leastDays)
    const separates = interval !== null && (interval.low > 0 || interval.high < 0)
    console.log(
      `  ${what.padEnd(30)} ${text(mean(differences))} ${interval === null ? 'no interval' : `[${text(interval.low)}, ${text(interval.high)}]`}${separates ? '  separates' : ''}`,
    )
  }
}
