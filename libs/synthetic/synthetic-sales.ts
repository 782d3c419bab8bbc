import { hourMillis } from '#lib/clock/durations.ts'
import { createHeap } from './heap.ts'
import { floorShare } from './measure-market.ts'
import { createRandom, quantileAt, type Random } from './random.ts'
import type { SoldAxie } from './sold-axie.ts'
import { createSpecials, specialPremiumOf } from './special-axie.ts'
import { createAxieDraw, type DrawnAxie, market } from './synthetic-axie.ts'

export type SyntheticSalesOptions = Readonly<{
  seed: number
  /** Milliseconds. The first sale follows it. */
  start: number
  /** Fresh sales and resales together. */
  salesPerHour: number
  /** Share of axies that are titled, levelled or evolved (special-axie.ts); absent: none, and nothing but parts is told of any. */
  specialShare?: number
}>

/** Made up: how fast the floor and the worth of a class come back to their mean. */
const driftHalfLifeHours = 72
const classDriftSpread = 0.05
/**
 * Made up so that resales gain about what the real ones gained (median +10%, quartiles 0 and +20%): buyers resell what they got cheap,
 * and the better of two prices is what a patient seller gets.
 */
const resaleEagerness = 0.6

/**
 * Sales for ever, in order of time: class shares, builds, parts, premia, noise, resales and their delays drawn from what was measured
 * on the real sales (`measure-market.ts`). The same options give the same sales. Memory: the resales due in the next ten days.
 */
export function* syntheticSales({ seed, start, salesPerHour, specialShare = 0 }: SyntheticSalesOptions): Generator<SoldAxie, never, void> {
  const random = createRandom('synthetic sales', seed)
  const drawAxie = createAxieDraw(seed)
  const makeSpecial = createSpecials(seed, specialShare)
  const drift = createDrift(random, start)
  const resales = createHeap<DrawnAxie & { at: number }>(({ at }) => at)
  const freshEveryMillis = hourMillis / (salesPerHour * (1 - market.resaleShare))
  let fresh = start + random.exponential(freshEveryMillis)

  for (;;) {
    const due = resales.peek()
    const isResale = due !== undefined && due.at <= fresh
    const { axie, worth } = isResale ? resales.pop()! : makeSpecial(drawAxie(random))
    const at = isResale ? due.at : fresh
    if (!isResale) fresh += random.exponential(freshEveryMillis)

    const draw = () => quantileAt(market.noise, random.next())
    const noise = isResale ? Math.max(draw(), draw()) : draw()
    drift.moveTo(at)
    const premium = Math.min(5, worth + drift.ofClass(axie.class) + noise)
    yield {
      ...axie,
      soldAt: Math.floor(at / 1_000) * 1_000,
      priceUsd: Math.max(1, Math.round(drift.floorUsd() * (floorShare + Math.exp(premium)) * Math.exp(specialPremiumOf(axie)))),
    }
    if (random.chance(market.resaleShare * Math.exp(-resaleEagerness * noise)))
      resales.push({ axie, worth, at: at + quantileAt(market.resaleHours, random.next()) * hourMillis })
  }
}

/** A mean-reverting walk for the floor and one for each class: markets move, and do not run away in a market that runs for ever. */
function createDrift(random: Random, start: number) {
  const names = Object.keys(market.classes)
  const walks = new Map([['floor', 0], ...names.map((name) => [name, 0] as const)])
  let hour = Math.floor(start / hourMillis)
  const kept = 0.5 ** (1 / driftHalfLifeHours)
  const stepSpread = Math.sqrt(1 - kept ** 2)
  return {
    moveTo(millis: number): void {
      for (; hour < Math.floor(millis / hourMillis); hour++)
        for (const [name, value] of walks) walks.set(name, value * kept + random.normal() * stepSpread)
    },
    floorUsd: () => market.floorUsd * Math.exp(market.floorLogSpread * walks.get('floor')!),
    ofClass: (name: string) => classDriftSpread * (walks.get(name) ?? 0),
  }
}
