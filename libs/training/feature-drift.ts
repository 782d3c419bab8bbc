import { type Columns, driftOf, type Profile } from '#lib/validation/profile.ts'
import type { Unseen } from './unseen.ts'

/** Features whose newest values are distributed otherwise than those of the last accepted data set. */
export type DriftedFeature = Readonly<{ feature: string; psi: number }>

/** As for the columns of the sales themselves: beyond it, it is another population. */
const noticed = 0.25

/** The features of the newest sales, by names that no column of a sale has. */
export const featureColumns = ({ featureSet, examples }: Unseen): Columns => {
  const width = featureSet.features.length
  const rows = examples.levels.length
  return new Map(
    featureSet.features.map(({ name }, column) => [
      `feature ${name}`,
      Float64Array.from({ length: rows }, (_, row) => examples.vectors[row * width + column] as number),
    ]),
  )
}

/** Most drifted first. Features that the last data set did not have say nothing. */
export const driftedFeatures = (unseen: Unseen, { columns }: Profile): DriftedFeature[] =>
  [...featureColumns(unseen)]
    .flatMap(([name, cells]) => {
      const before = columns[name]
      const psi = before === undefined ? 0 : driftOf(before, cells)
      return psi > noticed ? [{ feature: name.replace('feature ', ''), psi }] : []
    })
    .sort((a, b) => b.psi - a.psi)
