/** How far training has come: rows whose features are made, then the steps of the model. */
export type TrainingProgress = Readonly<{ stage: 'features' | 'fitting'; done: number; total: number }>

/** Turns progress into lines with the time left, as it went so far. Stopping early makes it shorter. */
export function createProgressLines(): (progress: TrainingProgress) => string {
  let [stage, started] = ['', 0]
  return (progress) => {
    if (stage !== progress.stage) [stage, started] = [progress.stage, performance.now()]
    const { done, total } = progress
    const seconds = (performance.now() - started) / 1_000
    const left = done > 0 && seconds > 0.5 ? `, ${Math.ceil((seconds / done) * (total - done))} s left` : ''
    return stage === 'features'
      ? `training: features of ${grouped(done)} of ${grouped(total)} sales${left}`
      : `training: step ${done} of at most ${total}${left}`
  }
}

const grouped = (count: number): string => count.toLocaleString('en')
