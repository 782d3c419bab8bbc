import { manifestKey } from '#lib/model/bundle/bundle.ts'
import type { ObjectStore } from '#lib/objectstore/object-store.ts'
import { flatten, type Tracker } from '#lib/tracking/tracker.ts'
import type { TrainingRun } from '#schemas/types.ts'

/** An ended training into the tracker, however it ended: data set, code, settings, verdict. Once, for one of that id is looked for first. */
export async function writeDown(tracker: Tracker, store: Pick<ObjectStore, 'get'>, run: TrainingRun): Promise<void> {
  const { trainingId, modelId, startedAt, trigger, reason, status, conclusion, attempts, datasetId, codeVersion } = run
  if ((await tracker.list()).some(({ parameters }) => parameters['trainer.trainingId'] === trainingId)) return
  const bytes = modelId === null ? null : await store.get(manifestKey(modelId))
  const manifest = bytes === null ? null : (JSON.parse(bytes.toString()) as { training?: object; metrics?: Record<string, number> })
  await tracker.record({
    name: modelId ?? trainingId,
    startedAt,
    endedAt: run.endedAt ?? startedAt,
    parameters: flatten({
      trainer: { trainingId, trigger, reason, status, verdict: conclusion, attempts },
      dataset: { id: datasetId },
      codeVersion,
      ...manifest?.training,
    }),
    metrics: Object.fromEntries(Object.entries(manifest?.metrics ?? {}).filter(([, value]) => Number.isFinite(value))),
    artifacts: bytes === null ? [] : [{ path: 'manifest.json', bytes }],
  })
}
