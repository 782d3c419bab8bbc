/**
 * Bounds of a mean that hold at all times at once: however often one looks, the chance that the mean is ever outside of one of them is at
 * most alpha. Empirical Bernstein: Howard, Ramdas, McAuliffe and Sekhon, Time-uniform, nonparametric, nonasymptotic confidence sequences,
 * Annals of Statistics 49 (2021), theorem 4, with the polynomial stitched boundary of equation 10 (eta = 2, s = 1.4) for sub-gamma sums.
 */

const eta = 2
const power = 1.4
/** The sum over k ≥ 1 of k^-1.4, Riemann's zeta. */
const zeta = 3.10555
const rootWeight = (eta ** 0.25 + eta ** -0.25) / Math.SQRT2
const linearWeight = (Math.sqrt(eta) + 1) / 2

export type Boundary = Readonly<{
  /** Chance of ever being wrong on one side. */
  alpha: number
  /** The span of one observation: the largest less the smallest. */
  range: number
  /** The variance process where the boundary is tightest from: earlier it is wider than it need be. */
  tightFrom: number
}>

/** How far a sum may be from its expectation, by the sum of squared deviations from predictable means. */
export function boundaryOf(variance: number, { alpha, range, tightFrom }: Boundary): number {
  const time = Math.max(variance, tightFrom)
  const logarithm = power * Math.log(Math.log2(time / tightFrom) + 1) + Math.log(zeta / alpha)
  return rootWeight * Math.sqrt(time * logarithm) + linearWeight * range * logarithm
}
