import { goesLeft, nodeNumbers, prepareRows, type TreeEnsemble } from './tree-ensemble.ts'

/**
 * Explains one output of an ensemble: what each column adds to a row's forecast. On a row's way down a tree every fork changes the
 * expectation, the mean over the training rows below it; the change belongs to the fork's column (Saabas, Interpreting random forests,
 * 2014). The sum of all is the forecast. Shapley values share out interactions more fairly, at some hundred times the cost.
 * @returns rows × (width + 1), the last number of a row being the expectation before any fork
 */
export function createContributions(ensemble: TreeEnsemble, output: number): (vectors: Float32Array) => Float64Array {
  const { vectorWidth, roots, nodes, leaves, start } = ensemble
  const outputs = start.length
  const expectations = expectationsOf(ensemble, output)
  const expected = (child: number): number =>
    child < 0 ? (leaves[(-1 - child) * outputs + output] as number) : (expectations[child / nodeNumbers] as number)
  const base = roots.reduce((sum, root) => sum + expected(root), start[output] as number)
  return (vectors) => {
    const prepared = prepareRows(ensemble, vectors)
    const rows = vectors.length / vectorWidth
    const contributions = new Float64Array(rows * (vectorWidth + 1))
    for (let row = 0; row < rows; row++) {
      const at = row * (vectorWidth + 1)
      contributions[at + vectorWidth] = base
      for (const root of roots) {
        let child = root
        let value = expected(child)
        while (child >= 0) {
          const column = columnOf(nodes[child] as number, vectorWidth)
          child = nodes[child + (goesLeft(ensemble, child, prepared, row * 2 * vectorWidth) ? 2 : 3)] as number
          const next = expected(child)
          contributions[at + column] = (contributions[at + column] as number) + next - value
          value = next
        }
      }
    }
    return contributions
  }
}

const columnOf = (slot: number, width: number): number => (slot < 0 ? -1 - slot : slot % width)

/** Of each fork the mean of its leaves, weighted by their training rows. Children stand behind their fork, so one pass backwards does. */
function expectationsOf({ nodes, leaves, leafRows, start }: TreeEnsemble, output: number): Float64Array {
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
