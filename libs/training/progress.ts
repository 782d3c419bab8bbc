import { count } from '#lib/words/format.ts'

/**
 * How far training has come: trees of the item model, rows whose features are made, the steps of the model; for a report, the models
 * beside it, and what is asked of it.
 */
export type TrainingProgress = Readonly<{ stage: 'items' | 'features' | 'fitting' | 'rivals' | 'report'; done: number; total: number }>

/** Turns progress into lines with the time left, as it went so far. Stopping early makes it shorter. */
export function createProgressLines(): (progress: TrainingProgress) => string {
  let [stage, started] = ['', 0]
  return (progress) => {
    if (stage !== progress.stage) [stage, started] = [progress.stage, performance.now()]
    const { done, total } = progress
    const seconds = (performance.now() - started) / 1_000
    const left = done > 0 && seconds > 0.5 ? `, ${Math.ceil((seconds / done) * (total - done))} s left` : ''
    return `training: ${describe(progress)}${left}`
  }
}

function describe({ stage, done, total }: TrainingProgress): string {
  if (stage === 'items') return `tree ${count(done)} of ${count(total)} of the item model`
  if (stage === 'features') return `features of ${count(done)} of ${count(total)} sales`
  if (stage === 'rivals') return `report: model ${done} of ${total} to compare with`
  return stage === 'fitting' ? `step ${done} of at most ${total}` : `report: asked about ${done} of ${total} features`
}
