import { minuteMillis } from '#lib/clock/durations.ts'
import { RejectedError } from '#lib/errors/errors.ts'
import { type Examples, sliceExamples } from '#lib/model/price-model.ts'

/** Row ranges, half open, in the order of time. */
export type Block = Readonly<{ from: number; until: number }>

export type Blocks = Readonly<{
  /** The weights are fitted on these. */
  fit: Block
  /** Newer: decides which pass's weights are kept. */
  stopping: Block
  /** The newest: says how good the model is on sales it has not met. With `stopping` it calibrates the quantiles. */
  newest: Block
}>

/** Where blocks end, as shares of the rows. */
const ends = { fit: 0.85, stopping: 0.92 }
/** Sales this soon after the block before are left out: they answer to the same minutes of the market. */
const embargoMillis = 10 * minuteMillis
export const minimumRows = 300

/** @param times of the rows, ascending, milliseconds. RejectedError too_few_sales. */
export function splitBlocks(times: Float64Array): Blocks {
  const rows = times.length
  if (rows < minimumRows) {
    throw new RejectedError('too_few_sales', `expected at least ${minimumRows} sales to learn from, found ${rows}: give a longer file`)
  }
  const [fitUntil, stoppingUntil] = [Math.floor(rows * ends.fit), Math.floor(rows * ends.stopping)]
  const asWanted = blocksOf(times, fitUntil, stoppingUntil)
  const blocks = Object.values(asWanted).every(({ from, until }) => from < until)
    ? asWanted
    : blocksOfWholeMoments(times, fitUntil, stoppingUntil)
  for (const [name, { from, until }] of Object.entries(blocks)) {
    if (until <= from) {
      const span = ((times[rows - 1] as number) - (times[0] as number)) / minuteMillis
      throw new RejectedError(
        'too_few_sales',
        `no sales are left for the block ${name}: ${rows} sales within ${span.toFixed(0)} minutes are too dense, give a longer file`,
      )
    }
  }
  return blocks
}

const blocksOf = (times: Float64Array, fitUntil: number, stoppingUntil: number): Blocks => ({
  fit: { from: 0, until: fitUntil },
  stopping: { from: afterEmbargo(times, fitUntil), until: stoppingUntil },
  newest: { from: afterEmbargo(times, stoppingUntil), until: times.length },
})

/** Where times are days, the newest block may lie within one: a block then begins with a day. */
function blocksOfWholeMoments(times: Float64Array, fitUntil: number, stoppingUntil: number): Blocks {
  const beginOf = (row: number): number => times.indexOf(times[row] as number)
  const newest = beginOf(stoppingUntil)
  return blocksOf(times, Math.max(1, beginOf(Math.min(fitUntil, Math.max(0, newest - 1)))), Math.max(1, newest))
}

function afterEmbargo(times: Float64Array, boundary: number): number {
  const end = (times[boundary - 1] as number) + embargoMillis
  const after = times.subarray(boundary).findIndex((time) => time > end)
  return after < 0 ? times.length : boundary + after
}

export const examplesOf = (examples: Examples, { from, until }: Block): Examples => sliceExamples(examples, from, until)
