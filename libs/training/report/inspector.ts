import { driftedFeatures, featureColumns } from '#lib/training/feature-drift.ts'
import type { Inspection } from '#lib/training/train-from-sales.ts'
import type { Columns } from '#lib/validation/profile.ts'
import { type ReportOptions, writeReport } from './write-report.ts'

export type InspectorOptions = Omit<ReportOptions, 'drifted'> &
  Readonly<{
    reportFile: string | null
    /** A line for people. */
    say: (line: string) => void
  }>

const maxShown = 10

/** What is asked of a new model while it is open: whether the features of the newest sales drifted, and all that the report shows. */
export function createInspector({ reportFile, onProgress, say }: InspectorOptions) {
  let features: Columns = new Map()
  return {
    inspect(found: Inspection): void {
      const { reference } = found.sales
      features = featureColumns(found.unseen)
      const drifted = reference === null ? [] : driftedFeatures(found.unseen, reference)
      for (const { feature, psi } of drifted.slice(0, maxShown))
        say(`warning: feature ${feature} is distributed otherwise than in the last accepted data set (PSI ${psi.toFixed(2)})`)
      if (drifted.length > maxShown) say(`warning: and ${drifted.length - maxShown} features more`)
      if (reportFile !== null) writeReport(reportFile, found, { drifted, onProgress })
    },
    /** Features of the newest sales: remembered with an accepted data set. */
    features: (): Columns => features,
  }
}
