import { writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import type { DriftedFeature } from '#lib/training/feature-drift.ts'
import type { TrainingProgress } from '#lib/training/progress.ts'
import type { Inspection } from '#lib/training/train-from-sales.ts'
import { dataDocs } from '#lib/validation/data-docs.ts'
import { describeProfile } from '#lib/validation/profile.ts'
import { trainingPage } from './training-page.ts'

/** The data docs lie beside the report, which links to them. */
export const dataDocsFile = (reportFile: string): string => `${reportFile.replace(/\.html?$/i, '')}.data.html`

export type ReportOptions = Readonly<{
  drifted: readonly DriftedFeature[]
  onProgress: (progress: TrainingProgress) => void
}>

/** Writes the report and the data docs of what it learnt from. Asking the model takes some seconds. */
export function writeReport(file: string, { bundle, report, sales, unseen }: Inspection, { drifted, onProgress }: ReportOptions): void {
  const { modelId, manifest } = bundle
  const docs = dataDocsFile(file)
  writeFileSync(
    docs,
    dataDocs({
      data: basename(sales.name),
      validation: sales.validation,
      reference: sales.reference === null ? null : describeProfile(sales.reference),
    }),
  )
  const page = trainingPage({
    modelId,
    manifest,
    unseen,
    contenders: [{ name: `model (${manifest.kind})`, errors: report.model }, ...report.rivals, ...report.rules],
    learning: report.learning,
    validation: sales.validation,
    leftOut: report.leftOut,
    drifted,
    dataDocsLink: basename(docs),
    onProgress: (done, total) => onProgress({ stage: 'report', done, total }),
  })
  writeFileSync(file, page)
}
