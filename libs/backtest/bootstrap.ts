import { quantileOfSorted } from '#lib/model/input-encoding.ts'
import { createRandom } from '#lib/numbers/random.ts'

/** Nineteen of twenty resamples lie within. */
export type Interval = Readonly<{ low: number; high: number }>

export type BootstrapOptions<Item> = Readonly<{
  seed: number
  rounds: number
  /** Items of one cluster share their luck, so they are drawn together. */
  clusterOf: (item: Item) => number | string
}>

/**
 * Intervals of statistics by the cluster bootstrap (Efron and Tibshirani 1993, ch. 8): clusters are drawn with replacement, as many as
 * there are, and the statistics taken anew. Null where a statistic could not be taken in most rounds.
 * @param statistics NaN where it cannot be taken of these items
 */
export function bootstrap<Item, Name extends string>(
  items: readonly Item[],
  statistics: (items: readonly Item[]) => Readonly<Record<Name, number>>,
  { seed, rounds, clusterOf }: BootstrapOptions<Item>,
): Readonly<Record<Name, Interval | null>> {
  const clusters = [...Map.groupBy(items, clusterOf).values()]
  const random = createRandom(seed)
  const drawn = Object.keys(statistics(items)).map((name) => ({ name: name as Name, values: [] as number[] }))
  for (let round = 0; round < rounds; round++) {
    const sample = clusters.flatMap(() => clusters[Math.floor(random.uniform() * clusters.length)] as Item[])
    const taken = statistics(sample)
    for (const { name, values } of drawn) if (Number.isFinite(taken[name])) values.push(taken[name])
  }
  return Object.fromEntries(drawn.map(({ name, values }) => [name, intervalOf(values, rounds)])) as Record<Name, Interval | null>
}

/** The middle 95% of these, or null where there are less than half as many as asked for. */
export function intervalOf(values: readonly number[], asked: number): Interval | null {
  if (values.length < Math.max(2, asked / 2)) return null
  const sorted = Float64Array.from(values).sort()
  return { low: quantileOfSorted(sorted, 0.025), high: quantileOfSorted(sorted, 0.975) }
}
