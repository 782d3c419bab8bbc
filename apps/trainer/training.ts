import { createArchive } from '#lib/archive/archive.ts'
import { putForward } from '#lib/decisions/promote-model.ts'
import { readModels } from '#lib/decisions/read-models.ts'
import { featureSets } from '#lib/features/feature-sets.ts'
import { judgeBesideChampion } from '#lib/training/champion.ts'
import type { TrainingServers } from '#lib/training/open-servers.ts'
import { type PipelineOptions, runPipeline } from '#lib/training/pipeline/run-pipeline.ts'
import type { Conclusion } from '#lib/training/pipeline/training-run.ts'
import { publishModel } from '#lib/training/publish.ts'
import type { TrainingRun } from '#schemas/types.ts'

export type TrainingOptions = Pick<PipelineOptions, 'settings' | 'backend' | 'folder' | 'onStep'> &
  Readonly<{
    /** A candidate is refused where its median error is more than this share above the champion's. */
    maxWorsening: number
  }>

/** One training on a market's servers, from its archive to the challenger that the market judges. */
export function trainOnMarket(
  run: Pick<TrainingRun, 'learnFrom' | 'learnUntil' | 'seed' | 'datasetId'>,
  servers: TrainingServers,
  { maxWorsening, ...options }: TrainingOptions,
): Promise<Conclusion> {
  const { store, prefix } = servers
  return runPipeline({
    run,
    archive: createArchive({ name: 'this market', store, prefix }),
    ...options,
    async judge(candidate) {
      const verdict = await judgeBesideChampion(store, await readModels(servers), candidate, maxWorsening)
      // A trainer before this one was killed once it had put the first model of a market in force: there is nothing to refuse.
      return verdict.champion === candidate.bundle.modelId ? { ...verdict, promote: true } : verdict
    },
    register: async ({ bundle }) => void (await publishModel(servers, bundle)),
    async shadow({ bundle }, { why }) {
      const context = { ...servers, featureSets: featureSets.map(({ hash }) => hash) }
      const { before, isInForce } = await putForward(context, bundle.modelId, `trainer: ${why}`)
      if (before === bundle.modelId) return 'in force'
      return isInForce ? `in force: ${why}` : `compared with ${before} by what sells: ${why}`
    },
  })
}
