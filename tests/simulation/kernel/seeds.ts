import { type RealWorld, withoutTimeAndChance } from './guards.ts'
import type { Limits } from './troubles.ts'

/** What one seed came to. `problem`: null where every promise was kept. */
export type SeedResult = Readonly<{
  seed: number
  steps: number
  records: number
  hash: string
  /** By their numbers, in order. */
  troubles: readonly string[]
  problem: string | null
}>

export type World = Readonly<{
  name: 'runner' | 'pipeline'
  /** What takes the real world's time, once. */
  prepare?(): Promise<void>
  run(seed: number, limits?: Limits, print?: ((line: string) => void) | null): Promise<SeedResult>
}>

export type Seeds = Readonly<{ from: number; to: number }>

export type SeedsRun = Readonly<{
  seeds: number
  steps: number
  failures: readonly SeedResult[]
  seconds: number
  unequal: readonly number[]
}>

export type SeedsOptions = Readonly<{
  limits?: Limits
  /** Each seed a second time: its trace must be the same. */
  twice?: boolean
  stopAfter?: number
  print?: (line: string) => void
  onResult?: (result: SeedResult, done: number) => void
}>

/** One seed after the other. A rejection that nobody in the simulated code waits for is a failure of its seed. */
export async function runSeeds(world: World, { from, to }: Seeds, options: SeedsOptions = {}): Promise<SeedsRun> {
  const { limits, twice = false, stopAfter = Number.POSITIVE_INFINITY, print = null, onResult } = options
  await world.prepare?.()
  return withoutTimeAndChance(async (real) => {
    const once = watchingRejections(real, (seed) => world.run(seed, limits, print))
    const failures: SeedResult[] = []
    const unequal: number[] = []
    const begun = process.cpuUsage()
    let steps = 0
    let seed = from
    for (; seed <= to && failures.length + unequal.length < stopAfter; seed++) {
      const result = await once(seed)
      steps += result.steps
      if (twice && (await once(seed)).hash !== result.hash) unequal.push(seed)
      if (result.problem !== null) failures.push(result)
      onResult?.(result, seed - from + 1)
    }
    const { user, system } = process.cpuUsage(begun)
    return { seeds: seed - from, steps, failures, unequal, seconds: (user + system) / 1e6 }
  })
}

function watchingRejections(real: RealWorld, run: (seed: number) => Promise<SeedResult>): (seed: number) => Promise<SeedResult> {
  return async (seed) => {
    let unheard: unknown = null
    const onRejection = (reason: unknown) => {
      unheard ??= reason
    }
    process.on('unhandledRejection', onRejection)
    try {
      const result = await run(seed)
      // Rejections are reported when nothing is left of this turn.
      await real.nextTurn()
      if (unheard === null || result.problem !== null) return result
      return { ...result, problem: `nobody waited for a promise that was rejected: ${(unheard as Error)?.stack ?? unheard}` }
    } finally {
      process.off('unhandledRejection', onRejection)
    }
  }
}

/** The same failure with as little as it takes: troubles are left out one by one, then records from the end. */
export async function shrink(world: World, failed: SeedResult): Promise<{ limits: Limits; result: SeedResult }> {
  let limits: Limits = {}
  let result = failed
  const keeps = async (smaller: Limits): Promise<boolean> => {
    const { failures } = await runSeeds(world, { from: failed.seed, to: failed.seed }, { limits: smaller })
    if (failures[0] === undefined) return false
    limits = smaller
    result = failures[0]
    return true
  }
  for (let again = true; again; ) {
    again = false
    for (const number of numbersOf(result).reverse())
      if (await keeps({ ...limits, without: [...(limits.without ?? []), number] })) again = true
    for (let records = result.records - 1; records > 0 && (await keeps({ ...limits, records })); records = result.records - 1) again = true
  }
  return { limits, result }
}

const numbersOf = ({ troubles }: SeedResult): number[] => troubles.map((trouble) => Number.parseInt(trouble, 10))

/** The line that shows this failure again. */
export function repeatLine(world: World, seed: number, { records, without = [] }: Limits): string {
  const fewer = records === undefined ? '' : ` --records ${records}`
  const left = without.length === 0 ? '' : ` --without ${[...without].sort((a, b) => a - b).join(',')}`
  return `npm run simulate -- --only ${world.name} --seed ${seed}${fewer}${left} --trace`
}
