import { type PromotionContext, promoteModel } from '#lib/decisions/promote-model.ts'
import { readModels } from '#lib/decisions/read-models.ts'
import { featureSets } from '#lib/features/feature-sets.ts'
import { judgeBesideChampion, type VerdictBesideChampion } from '#lib/training/champion.ts'
import type { Training } from '#lib/training/train-from-sales.ts'

/** Whether the new model prices from now on, and why or why not. */
export type Promotion = VerdictBesideChampion

/**
 * Puts a published model in force where it is no worse than the one that is: what nobody looks at must not make prices worse. Errors are
 * those of the servers, and of `promoteModel`.
 */
export async function promoteIfBetter(
  context: Omit<PromotionContext, 'featureSets'>,
  training: Training,
  maxWorsening: number,
): Promise<Promotion> {
  const verdict = await judgeBesideChampion(context.store, await readModels(context), training, maxWorsening)
  if (verdict.promote)
    await promoteModel({ ...context, featureSets: featureSets.map(({ hash }) => hash) }, training.bundle.modelId, `train: ${verdict.why}`)
  return verdict
}
