/**
 * Where training is written down: what was tried, with which settings, and how good it was. Adapters: `mlflow-tracker.ts` (an MLflow
 * server) and `folder-tracker.ts` (a directory). One contract suite runs on both (tracker-contract.ts).
 */
export interface Tracker {
  /** Writes a finished run down, whole: parameters, metrics, then artifacts. Resolves with its id, which nobody else has. */
  record(run: NewRun): Promise<RecordedRun>
  /** Every run that was written down whole, oldest first. */
  list(): Promise<RecordedRun[]>
  /** For people: where the runs are. */
  readonly place: string
}

/** Times in milliseconds. */
export type NewRun = Readonly<{
  name: string
  startedAt: number
  endedAt: number
  parameters: Readonly<Record<string, string>>
  metrics: Readonly<Record<string, number>>
  artifacts: readonly Artifact[]
}>

/** `path` with slashes, relative. */
export type Artifact = Readonly<{ path: string; bytes: Buffer }>

export type RecordedRun = Omit<NewRun, 'artifacts'> & Readonly<{ id: string }>

/** Nested settings as MLflow wants them: one text under each dotted name. Undefined is left out. */
export function flatten(settings: Readonly<Record<string, unknown>>, prefix = ''): Record<string, string> {
  return Object.fromEntries(
    Object.entries(settings).flatMap(([name, value]): [string, string][] => {
      const path = `${prefix}${name}`
      if (value === undefined) return []
      if (value !== null && typeof value === 'object' && !Array.isArray(value))
        return Object.entries(flatten(value as Record<string, unknown>, `${path}.`))
      return [[path, typeof value === 'string' ? value : JSON.stringify(value)]]
    }),
  )
}
