import { z } from 'zod'
import { nodeNumbers, type TreeEnsemble } from './tree-ensemble.ts'

/** As a bundle holds it: sizes and start as JSON, all else as one little-endian blob of 4-byte numbers. */
export type StoredTrees = Readonly<{ definition: unknown; weights: Buffer }>

const count = z.number().int().nonnegative()
const definitionSchema = z.object({
  categorySizes: z.array(count),
  start: z.array(z.number()).min(1),
  setWords: count,
  trees: count,
  forks: count,
  sets: count,
  leaves: count,
})

export function storeTrees({ categorySizes, start, setWords, roots, nodes, sets, leaves, leafRows }: TreeEnsemble): StoredTrees {
  const definition: z.infer<typeof definitionSchema> = {
    categorySizes: [...categorySizes],
    start: [...start],
    setWords,
    trees: roots.length,
    forks: nodes.length / nodeNumbers,
    sets: sets.length,
    leaves: leafRows.length,
  }
  const blocks = [roots, nodes, sets, leaves, leafRows]
  return {
    definition,
    weights: Buffer.concat(blocks.map(({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength))),
  }
}

/** Throws a plain Error that says what does not fit: what it returns can be walked without looking where one steps. */
export function restoreTrees({ definition, weights }: StoredTrees): TreeEnsemble {
  const { categorySizes, start, setWords, trees, forks, sets, leaves } = definitionSchema.parse(definition)
  const lengths = [trees, forks * nodeNumbers, sets, leaves * start.length, leaves] as const
  const expected = 4 * lengths.reduce((sum, length) => sum + length, 0)
  if (weights.length !== expected) throw new Error(`expected ${expected} bytes of trees, found ${weights.length}`)
  // A copy, because a Buffer from a pool may start where no number can.
  const bytes = new Uint8Array(weights).buffer
  const offsets = lengths.map((_, index) => 4 * lengths.slice(0, index).reduce((sum, length) => sum + length, 0))
  const nodes = new Int32Array(bytes, offsets[1], lengths[1])
  const ensemble: TreeEnsemble = {
    vectorWidth: categorySizes.length,
    categorySizes: Int32Array.from(categorySizes),
    start: Float64Array.from(start),
    roots: new Int32Array(bytes, offsets[0], lengths[0]),
    nodes,
    thresholds: new Float32Array(bytes, offsets[1], lengths[1]),
    sets: new Uint32Array(bytes, offsets[2], lengths[2]),
    setWords,
    leaves: new Float32Array(bytes, offsets[3], lengths[3]),
    leafRows: new Int32Array(bytes, offsets[4], lengths[4]),
  }
  checkForks(ensemble)
  if (!ensemble.leaves.every(Number.isFinite)) throw new Error('a leaf holds a number that is not finite')
  return ensemble
}

/** Children stand behind their fork, so that every walk ends; everything named is there. */
function checkForks({ vectorWidth, categorySizes, roots, nodes, sets, setWords, leafRows }: TreeEnsemble): void {
  const isChild = (child: number, after: number): boolean =>
    child < 0 ? -1 - child < leafRows.length : child > after && child < nodes.length && child % nodeNumbers === 0
  if (!roots.every((root) => isChild(root, -1))) throw new Error('a tree has no root')
  for (let place = 0; place < nodes.length; place += nodeNumbers) {
    const [slot, threshold, left, right] = nodes.subarray(place) as unknown as [number, number, number, number]
    if (!(isChild(left, place) && isChild(right, place))) throw new Error(`the fork at ${place} has a child that is not there`)
    const isRead =
      slot < 0
        ? (categorySizes[-1 - slot] ?? 0) > 0 && threshold >= 0 && threshold + setWords <= sets.length
        : slot < 2 * vectorWidth && categorySizes[slot % vectorWidth] === 0
    if (!isRead) throw new Error(`the fork at ${place} reads what no vector has`)
  }
  if (Math.max(0, ...categorySizes) >= 32 * setWords) throw new Error('sets of categories are too short')
}
