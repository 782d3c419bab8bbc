import { goesLeft, nodeNumbers, prepareRows, type TreeEnsemble } from './tree-ensemble.ts'

/**
 * Explains one output of an ensemble: what each column adds to a row's forecast. On a row's way down a tree every fork changes the
 * expectation, the mean over the training rows below it; the change belongs to the fork's column (Saabas, Interpreting random forests,
 * 2014). The sum of all is the forecast. Shapley values share out interactions more fairly, in time that
 * grows with leaves × depth² instead of depth.
 * @returns rows × (width + 1), the last number of a row being the expectation before any fork
 */
export function createContributions(ensemble: TreeEnsemble, output: number): (vectors: Float32Array) => Float64Array {
  const { vectorWidth, roots, nodes, leaves, start } = ensemble
  const means = meansOf(ensemble, output)
  const mean = (child: number): number =>
    child < 0 ? (leaves[(-1 - child) * start.length + output] as number) : (means[child / nodeNumbers] as number)
  const base = roots.reduce((sum, root) => sum + mean(root), start[output] as number)
  // What going left and what going right adds to the mean of each fork: looked up two by two.
  const steps = Float64Array.from({ length: 2 * means.length }, (_, index) => {
    const fork = index >> 1
    return mean(nodes[fork * nodeNumbers + 2 + (index & 1)] as number) - (means[fork] as number)
  })
  return (vectors) => {
    const prepared = prepareRows(ensemble, vectors)
    const contributions = new Float64Array((vectors.length / vectorWidth) * (vectorWidth + 1))
    for (let at = 0, row = 0; at < contributions.length; at += vectorWidth + 1, row += 2 * vectorWidth) {
      contributions[at + vectorWidth] = base
      for (let tree = 0; tree < roots.length; tree++) {
        let child = roots[tree] as number
        while (child >= 0) {
          const side = goesLeft(ensemble, child, prepared, row) ? 0 : 1
          const slot = nodes[child] as number
          const column = at + (slot < 0 ? -1 - slot : slot < vectorWidth ? slot : slot - vectorWidth)
          contributions[column] = (contributions[column] as number) + (steps[child / 2 + side] as number)
          child = nodes[child + 2 + side] as number
        }
      }
    }
    return contributions
  }
}

/** The mean of each fork's leaves, weighted by their training rows. Children stand behind their fork, so one pass backwards does. */
function meansOf({ nodes, leaves, leafRows, start }: TreeEnsemble, output: number): Float64Array {
  const forks = nodes.length / nodeNumbers
  const means = new Float64Array(forks)
  const rows = new Float64Array(forks)
  for (let fork = forks - 1; fork >= 0; fork--) {
    let sum = 0
    for (const side of [2, 3]) {
      const child = nodes[fork * nodeNumbers + side] as number
      const inChild = child < 0 ? (leafRows[-1 - child] as number) : (rows[child / nodeNumbers] as number)
      const mean = child < 0 ? (leaves[(-1 - child) * start.length + output] as number) : (means[child / nodeNumbers] as number)
      sum += inChild * mean
      rows[fork] = (rows[fork] as number) + inChild
    }
    means[fork] = sum / Math.max(1, rows[fork] as number)
  }
  return means
}
