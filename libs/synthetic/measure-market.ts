import { battlePartTypes, type PartType, partTypes } from '#lib/axie/parts.ts'
import { hourMillis } from '#lib/clock/durations.ts'
import { readSoldAxies } from './recorded-sales.ts'
import { buildOf, type SoldAxie } from './sold-axie.ts'

/**
 * The figures that the synthetic market is made from, measured on real sales: `node libs/synthetic/measure-market.ts SALES.csv` prints
 * them, and `measured-market.json` holds them. No row of the sales is in there, only shares and averages.
 *
 * The market has a floor that most axies sit on, and a long tail above it. So a price is described as
 *   usd = floor × (0.8 + exp(premium)),   premium = class + breed count + parts + build + noise,
 * in which every term is additive and the noise is about the same at all prices.
 */
export type MeasuredMarket = Readonly<{
  sales: number
  /** Mean of the cheapest 1st to 10th percentile among 2,000 neighbouring sales: its median over time, and the spread of ln(floor). */
  floorUsd: number
  floorLogSpread: number
  classes: Readonly<Record<string, MeasuredClass>>
  /** The most sold combinations of class and battle parts: class, back, mouth, horn, tail, sales per 10,000, premium beyond its parts. */
  builds: readonly (readonly [string, string, string, string, string, number, number])[]
  /** Among sales of other builds: the share that is one of the above with one part, with two parts exchanged. */
  oneExchanged: number
  twoExchanged: number
  /** Standard deviation of the premium of axies of other builds, beyond their parts and beyond the noise. */
  uncommonSpread: number
  /** Premium of an axie against the median of identical ones of the same hours: [probability, value]. The left end is sellers' mistakes. */
  noise: readonly (readonly [number, number])[]
  /** Sales whose axie had been sold before within the eleven days, and the hours between: [probability, hours]. */
  resaleShare: number
  resaleHours: readonly (readonly [number, number])[]
  tokenIds: readonly (readonly [number, number])[]
}>

export type MeasuredClass = Readonly<{
  /** Sales per 10,000. */
  share: number
  premium: number
  /** For 0 to 7 breeds: sales per 1,000 of the class, premium. */
  breeds: readonly (readonly [number, number])[]
  /** Per part type: part, sales per 1,000 of the class, premium. */
  parts: Readonly<Record<PartType, readonly (readonly [string, number, number])[]>>
}>

/** Where the floor sits in a price: below 1, so that a price under the floor still has a premium. */
export const floorShare = 0.8

const probabilities = [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998]
const leastBuildSales = 25
const leastPartPerMille = 3
const nearMillis = 12 * hourMillis

export function measureMarket(sales: readonly SoldAxie[]): MeasuredMarket {
  const floors = rollingFloors(sales)
  const premiums = sales.map(({ priceUsd }, index) => Math.log(Math.max(0.03, priceUsd / floors[index]! - floorShare)))
  const effects = fitEffects(sales, premiums)
  const residuals = sales.map((sale, index) => premiums[index]! - effects.sum(sale))
  const byBuild = group(sales.map(buildOf), residuals)
  const common = [...byBuild].filter(([, values]) => values.length >= leastBuildSales).sort((a, b) => b[1].length - a[1].length)
  const builds = common.map(([build, values]): MeasuredMarket['builds'][number] => {
    const [name, back, mouth, horn, tail] = build.split(',') as [string, string, string, string, string]
    return [name, back, mouth, horn, tail, rounded((values.length / sales.length) * 10_000, 1), rounded(shrunkMean(values, 5), 2)]
  })
  const isCommon = new Set(common.map(([build]) => build))
  const uncommon = residuals.filter((_, index) => !isCommon.has(buildOf(sales[index]!)))
  const noise = noiseAmongIdentical(sales, premiums)
  const floorLogs = floors.map((floor) => Math.log(floor))
  return {
    sales: sales.length,
    floorUsd: rounded(quantile(floors, 0.5), 2),
    floorLogSpread: rounded(deviation(floorLogs), 3),
    classes: Object.fromEntries(
      [
        ...group(
          sales.map(({ class: name }) => name),
          sales,
        ),
      ].map(([name, own]) => [name, measureClass(name, own, sales.length, effects)]),
    ),
    builds,
    ...exchangedShares(sales, isCommon),
    uncommonSpread: rounded(Math.sqrt(deviation(uncommon) ** 2 - deviation(noise) ** 2), 2),
    noise: quantiles(noise, 2),
    ...measureResales(sales),
    tokenIds: quantiles(
      sales.map(({ tokenId }) => Number(tokenId)),
      0,
      [0, ...probabilities, 1],
    ),
  }
}

function rollingFloors(sales: readonly SoldAxie[]): number[] {
  const step = 100
  const floors: number[] = []
  for (let start = 0; start < sales.length; start += step) {
    const near = sales.slice(Math.max(0, start - 1_000), start + 1_000).map(({ priceUsd }) => priceUsd)
    const sorted = near.sort((a, b) => a - b)
    const floor = mean(sorted.slice(Math.floor(sorted.length * 0.01), Math.ceil(sorted.length * 0.1)))
    for (let index = start; index < Math.min(sales.length, start + step); index++) floors.push(floor)
  }
  return floors
}

type Effects = Readonly<{ sum(sale: SoldAxie): number; value(key: string): number }>

const classKey = (name: string) => `class ${name}`
const breedKey = (name: string, breedCount: number) => `breed ${name} ${breedCount}`
const partKey = (name: string, part: string) => `part ${name} ${part}`
const keysOf = (sale: SoldAxie): string[] => [
  classKey(sale.class),
  breedKey(sale.class, sale.breedCount),
  ...partTypes.map((type) => partKey(sale.class, sale.parts[type])),
]

/** Additive effects by backfitting: each is the mean of what the others leave, drawn towards zero where sales are few. */
function fitEffects(sales: readonly SoldAxie[], premiums: readonly number[]): Effects {
  const keys = sales.map(keysOf)
  const value = new Map<string, number>()
  const rest = [...premiums]
  for (let round = 0; round < 15; round++) {
    for (let term = 0; term < 2 + partTypes.length; term++) {
      const sums = new Map<string, { sum: number; count: number }>()
      for (let index = 0; index < sales.length; index++) {
        const key = keys[index]![term]!
        const sum = sums.get(key) ?? { sum: 0, count: 0 }
        sum.sum += rest[index]! + (value.get(key) ?? 0)
        sum.count++
        sums.set(key, sum)
      }
      const drawn = term < 2 ? 1 : 20
      for (let index = 0; index < sales.length; index++) {
        const key = keys[index]![term]!
        const { sum, count } = sums.get(key)!
        rest[index]! += (value.get(key) ?? 0) - sum / (count + drawn)
      }
      for (const [key, { sum, count }] of sums) value.set(key, sum / (count + drawn))
    }
  }
  return {
    value: (key) => value.get(key) ?? 0,
    sum: (sale) => keysOf(sale).reduce((sum, key) => sum + (value.get(key) ?? 0), 0),
  }
}

function measureClass(name: string, own: readonly SoldAxie[], sales: number, effects: Effects): MeasuredClass {
  const perMille = (count: number) => rounded((count / own.length) * 1_000, 1)
  const partsOf = (type: PartType) =>
    [
      ...group(
        own.map(({ parts }) => parts[type]),
        own,
      ),
    ]
      .filter(([, { length }]) => perMille(length) >= leastPartPerMille)
      .sort((a, b) => b[1].length - a[1].length)
      .map(([part, { length }]) => [part, perMille(length), rounded(effects.value(partKey(name, part)), 2)] as const)
  return {
    share: rounded((own.length / sales) * 10_000, 1),
    premium: rounded(effects.value(classKey(name)), 2),
    breeds: Array.from({ length: 8 }, (_, breedCount) => [
      perMille(own.filter((sale) => sale.breedCount === breedCount).length),
      rounded(effects.value(breedKey(name, breedCount)), 2),
    ]),
    parts: {
      eyes: partsOf('eyes'),
      ears: partsOf('ears'),
      mouth: partsOf('mouth'),
      horn: partsOf('horn'),
      back: partsOf('back'),
      tail: partsOf('tail'),
    },
  }
}

/** How far the sales outside the common builds are from them: the tail of a market is made of variations. */
function exchangedShares(sales: readonly SoldAxie[], common: ReadonlySet<string>): Pick<MeasuredMarket, 'oneExchanged' | 'twoExchanged'> {
  const variations = (build: string, exchanged: number): string[] => {
    const fields = build.split(',')
    const places = battlePartTypes.map((_, index) => index + 1)
    const pairs = places.flatMap((first) => places.filter((second) => second > first).map((second) => [first, second]))
    return (exchanged === 1 ? places.map((place) => [place]) : pairs).map((hidden) =>
      fields.map((field, index) => (hidden.includes(index) ? '*' : field)).join(),
    )
  }
  const near = [1, 2].map((exchanged) => new Set([...common].flatMap((build) => variations(build, exchanged))))
  const others = sales.map(buildOf).filter((build) => !common.has(build))
  const isNear = (build: string, exchanged: number) => variations(build, exchanged).some((variation) => near[exchanged - 1]!.has(variation))
  const one = others.filter((build) => isNear(build, 1)).length / others.length
  const two = others.filter((build) => !isNear(build, 1) && isNear(build, 2)).length / others.length
  return { oneExchanged: rounded(one, 3), twoExchanged: rounded(two, 3) }
}

/** Deviations from the median of at least three identical axies (class, six parts, breed count) sold within half a day before or after. */
function noiseAmongIdentical(sales: readonly SoldAxie[], premiums: readonly number[]): number[] {
  const identical = group(
    sales.map((sale) => keysOf(sale).join()),
    sales.map(({ soldAt, tokenId }, index) => ({ soldAt, tokenId, premium: premiums[index]! })),
  )
  return [...identical.values()].flatMap((own) =>
    own.flatMap(({ soldAt, tokenId, premium }) => {
      const near = own.filter((other) => other.tokenId !== tokenId && Math.abs(other.soldAt - soldAt) <= nearMillis)
      return near.length < 3 ? [] : [premium - middle(near.map((other) => other.premium))]
    }),
  )
}

function measureResales(sales: readonly SoldAxie[]): Pick<MeasuredMarket, 'resaleShare' | 'resaleHours'> {
  const last = new Map<string, number>()
  const hours: number[] = []
  for (const { tokenId, soldAt } of sales) {
    const before = last.get(tokenId)
    if (before !== undefined) hours.push((soldAt - before) / hourMillis)
    last.set(tokenId, soldAt)
  }
  return { resaleShare: rounded(hours.length / sales.length, 3), resaleHours: quantiles(hours, 2) }
}

function group<T>(keys: readonly string[], values: readonly T[]): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const [index, key] of keys.entries()) {
    const existing = groups.get(key)
    if (existing === undefined) groups.set(key, [values[index]!])
    else existing.push(values[index]!)
  }
  return groups
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
const shrunkMean = (values: readonly number[], drawn: number): number => (mean(values) * values.length) / (values.length + drawn)
const rounded = (value: number, digits: number): number => Number(value.toFixed(digits))

function deviation(values: readonly number[]): number {
  const centre = mean(values)
  return Math.sqrt(mean(values.map((value) => (value - centre) ** 2)))
}

const quantile = (values: readonly number[], probability: number): number =>
  [...values].sort((a, b) => a - b)[Math.floor(probability * (values.length - 1))]!

function middle(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const half = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2
}

function quantiles(values: readonly number[], digits: number, at: readonly number[] = probabilities): (readonly [number, number])[] {
  const sorted = [...values].sort((a, b) => a - b)
  return at.map((probability) => [probability, rounded(sorted[Math.floor(probability * (sorted.length - 1))]!, digits)])
}

if (process.argv[1] === import.meta.filename) {
  process.stdout.write(`${JSON.stringify(measureMarket(await readSoldAxies(process.argv[2] ?? '')))}\n`)
}
