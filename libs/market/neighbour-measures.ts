/** The nearest neighbours of an axie among the newest sales of its class: like the ladder, but by how many parts agree. */
import { type ClassSales, mostOfClass, packBattleParts, packOtherParts } from './class-sales.ts'
import { dayMillis, salesMillis } from './horizons.ts'
import type { MeasureDefinition, MeasureGroup } from './measure-group.ts'
import type { Traits } from './similarity.ts'

export type NeighbourInput = Readonly<{ classSales: ClassSales; traits: Traits; asOf: number }>

const mostNeighbours = 15
/** What an equal part counts, and what breed count and age take off; found by experiment on real sales. */
const weights = { back: 2, mouth: 1.5, horn: 1.5, tail: 1.5, eyes: 0.5, ears: 0.5 } as const
const perBreed = 0.35
const perDay = 0.25
const sharpness = 1.2

const definitions: MeasureDefinition[] = [
  ['neighbours.q25', `lower quartile of the relative prices of the nearest ${mostNeighbours}, weighted by exp(${sharpness} × likeness)`],
  ['neighbours.median', 'their weighted median'],
  ['neighbours.q75', 'their weighted upper quartile'],
  ['neighbours.mean', 'their weighted mean'],
  [
    'neighbours.nearest',
    `likeness of the nearest of the newest ${mostOfClass} sales of the class in 14 days: equal back 2, mouth, horn, tail 1.5, eyes, ears 0.5, less ${perBreed} a breed and ${perDay} a day`,
  ],
  ['neighbours.weight', 'sum of the weights, the nearest weighing 1'],
]

/** Weights of two packed parts by the 12 bits in which they differ; in halves, so that they are whole numbers. */
const halvesOf = (low: number, high: number): Uint8Array =>
  Uint8Array.from({ length: 4_096 }, (_, difference) => 2 * ((difference & 63 ? 0 : low) + (difference >>> 6 ? 0 : high)))
const mouthAndHorn = halvesOf(weights.mouth, weights.horn)
const backAndTail = halvesOf(weights.back, weights.tail)
const eyesAndEars = halvesOf(weights.eyes, weights.ears)

/** Nearest first. Reused from call to call: the fold runs in one thread. */
const likeness = new Float64Array(mostNeighbours)
const relatives = new Float64Array(mostNeighbours)

function insert(count: number, value: number, relative: number): number {
  let place = count < mostNeighbours ? count : mostNeighbours - 1
  for (; place > 0 && (likeness[place - 1] as number) < value; place -= 1) {
    likeness[place] = likeness[place - 1] as number
    relatives[place] = relatives[place - 1] as number
  }
  likeness[place] = value
  relatives[place] = relative
  return count < mostNeighbours ? count + 1 : count
}

function collect({ classSales, traits, asOf }: NeighbourInput): number {
  const [wantedBattle, wantedOther, wantedBreeds, oldest] = [packBattleParts(traits), packOtherParts(traits), traits[1], asOf - salesMillis]
  const { start, end, soldAt, relative, battleParts, otherParts, breedCount } = classSales.of(traits[0])
  let [count, farthest] = [0, Number.NEGATIVE_INFINITY]
  for (let row = end - 1; row >= start; row -= 1) {
    const battle = wantedBattle ^ (battleParts[row] as number)
    const other = wantedOther ^ (otherParts[row] as number)
    const halves = (mouthAndHorn[battle & 4_095] as number) + (backAndTail[battle >>> 12] as number) + (eyesAndEars[other] as number)
    // Nothing makes up for parts, so most rows are done here.
    if (halves / 2 <= farthest) continue
    const time = soldAt[row] as number
    if (time <= oldest) break
    const breeds = Math.abs((breedCount[row] as number) - wantedBreeds)
    const value = halves / 2 - perBreed * breeds - (perDay * Math.max(0, asOf - time)) / dayMillis
    // Of equal likeness the newer sale stands first, since rows come newest first.
    if (value <= farthest) continue
    count = insert(count, value, relative[row] as number)
    if (count === mostNeighbours) farthest = likeness[mostNeighbours - 1] as number
  }
  return count
}

type Neighbour = Readonly<{ relative: number; weight: number }>

/** The weighted quantile of neighbours in ascending order. */
function quantile(neighbours: readonly Neighbour[], total: number, share: number): number {
  let below = 0
  for (const { relative, weight } of neighbours) {
    below += weight
    if (below >= share * total) return relative
  }
  return neighbours.at(-1)?.relative ?? Number.NaN
}

export const neighbourMeasures: MeasureGroup<NeighbourInput> = {
  definitions,
  write(into, input) {
    const count = collect(input)
    if (count === 0) {
      into.push(Number.NaN, Number.NaN, Number.NaN, Number.NaN, Number.NaN, 0)
      return
    }
    const nearest = likeness[0] as number
    const neighbours: Neighbour[] = []
    for (let place = 0; place < count; place += 1)
      neighbours.push({ relative: relatives[place] as number, weight: Math.exp(sharpness * ((likeness[place] as number) - nearest)) })
    neighbours.sort((a, b) => a.relative - b.relative || a.weight - b.weight)
    const total = neighbours.reduce((sum, { weight }) => sum + weight, 0)
    const mean = neighbours.reduce((sum, { relative, weight }) => sum + relative * weight, 0) / total
    const at = (share: number): number => quantile(neighbours, total, share)
    into.push(at(0.25), at(0.5), at(0.75), mean, nearest, total)
  },
}
