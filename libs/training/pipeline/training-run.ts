import type { Source, TrainingRun, TrainingStatus, TrainingStep } from '#schemas/types.ts'

/** What a training goes through, in this order. Each step is kept under a hash of what it depends on: who is killed goes on from the last. */
export const stepNames = ['validate', 'cleanse', 'features', 'fit', 'judge', 'register', 'shadow'] as const
export type StepName = (typeof stepNames)[number]

/** What a training learns from, and why it is done. Times of the market's clock, milliseconds. */
export type TrainingPlan = Readonly<{
  source: Source
  trigger: string
  reason: string
  learnFrom: number
  learnUntil: number
  seed: number
}>

/** How a step goes, and what has become known by it. */
export type StepNews = Readonly<{
  name: StepName
  status: TrainingStep['status']
  detail?: string
  datasetId?: string
  modelId?: string
}>

/** How a training ended. */
export type Conclusion = Readonly<{ status: Exclude<TrainingStatus, 'running'>; sentence: string }>

/** By the market's time: the same moment is one training. */
const trainingIdOf = (learnUntil: number): string => new Date(learnUntil).toISOString().slice(0, 19).replace(/[-:]/g, '').concat('Z')

export const beginTraining = (plan: TrainingPlan, at: number, codeVersion: string): TrainingRun => ({
  trainingId: trainingIdOf(plan.learnUntil),
  ...plan,
  status: 'running',
  startedAt: at,
  endedAt: null,
  attempts: 1,
  steps: [],
  datasetId: null,
  modelId: null,
  conclusion: null,
  codeVersion,
})

/** Once more, after whoever did it was killed. Its data set stays, and with it all that is kept of its steps. */
export const beginAgain = (run: TrainingRun): TrainingRun => ({ ...run, attempts: run.attempts + 1, steps: [] })

export function withStep(run: TrainingRun, { name, status, detail, datasetId, modelId }: StepNews, at: number): TrainingRun {
  const before = run.steps.find((step) => step.name === name)
  const endedAt = status === 'running' ? null : at
  const step: TrainingStep = { name, status, startedAt: before?.startedAt ?? at, endedAt, detail: detail ?? null }
  return {
    ...run,
    steps: before === undefined ? [...run.steps, step] : run.steps.map((other) => (other === before ? step : other)),
    datasetId: datasetId ?? run.datasetId,
    modelId: modelId ?? run.modelId,
  }
}

/** A step that was under way when it failed is where it failed. */
export const endTraining = (run: TrainingRun, { status, sentence }: Conclusion, at: number): TrainingRun => ({
  ...run,
  status,
  endedAt: at,
  steps: run.steps.map((step) => (step.status === 'running' ? { ...step, status: 'failed', endedAt: at, detail: sentence } : step)),
  conclusion: sentence,
})
