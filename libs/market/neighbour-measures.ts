/** The nearest neighbours of an axie among the newest sales of its class: like the ladder, but by how many parts agree. */
import { dayMillis, salesMillis } from './horizons.ts'
import type { MeasureDefinition, MeasureGroup } from './measure-group.ts'
import { packParts, packRest, type SaleHistory } from './sale-history.ts'
import type { Traits } from './similarity.ts'

export type NeighbourInput = Readonly<{ sales: SaleHistory; traits: Traits; asOf: number }>

const mostCandidates = 2_000
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
    `likeness of the nearest of the newest ${mostCandidates} sales of the class in 14 days: equal back 2, mouth, horn, tail 1.5, eyes, ears 0.5, less ${perBreed} a breed and ${perDay} a day`,
  ],
  ['neighbours.weight', 'sum of the weights, the nearest weighing 1'],
]

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
  return Math.min(mostNeighbours, count + 1)
}

const sixBits = 0b111111

/** Weights of the parts that agree: packed parts that agree differ by six zero bits. */
function partLikeness(parts: number, rest: number): number {
  let sum = 0
  if ((parts & sixBits) === 0) sum += weights.mouth
  if (((parts >>> 6) & sixBits) === 0) sum += weights.horn
  if (((parts >>> 12) & sixBits) === 0) sum += weights.back
  if (((parts >>> 18) & sixBits) === 0) sum += weights.tail
  if (((parts >>> 24) & sixBits) === 0) sum += weights.eyes
  if ((rest & sixBits) === 0) sum += weights.ears
  return sum
}

function collect({ sales, traits, asOf }: NeighbourInput): number {
  const [parts, rest, breedCount] = [packParts(traits), packRest(traits), traits[1]]
  let [count, candidates] = [0, 0]
  for (let sale = sales.newestOfClass(traits[0]); sale !== 0 && candidates < mostCandidates; sale = sales.olderOfClass(sale)) {
    const soldAt = sales.soldAt(sale)
    if (soldAt <= asOf - salesMillis) break
    const relative = sales.relative(sale)
    if (Number.isNaN(relative)) continue
    candidates += 1
    const saleRest = sales.rest(sale)
    const breeds = Math.abs((saleRest >>> 6) - breedCount)
    const age = Math.max(0, asOf - soldAt) / dayMillis
    const value = partLikeness(parts ^ sales.parts(sale), rest ^ saleRest) - perBreed * breeds - perDay * age
    // Of equal likeness the newer sale stands first, since candidates come newest first.
    if (count < mostNeighbours || value > (likeness[mostNeighbours - 1] as number)) count = insert(count, value, relative)
  }
  return count
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
    const neighbours = Array.from({ length: count }, (_, index) => ({
      relative: relatives[index] as number,
      weight: Math.exp(sharpness * ((likeness[index] as number) - nearest)),
    }))
    const total = neighbours.reduce((sum, { weight }) => sum + weight, 0)
    const mean = neighbours.reduce((sum, { relative, weight }) => sum + relative * weight, 0) / total
    neighbours.sort((a, b) => a.relative - b.relative || a.weight - b.weight)
    const quantile = (share: number): number => {
      let below = 0
      const found = neighbours.find(({ weight }) => {
        below += weight
        return below >= share * total
      })
      return (found ?? neighbours[count - 1] ?? { relative: Number.NaN }).relative
    }
    into.push(quantile(0.25), quantile(0.5), quantile(0.75), mean, nearest, total)
  },
}
