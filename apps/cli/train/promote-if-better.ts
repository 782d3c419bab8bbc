import { type PromotionContext, promoteModel } from '#lib/decisions/promote-model.ts'
import { championOf, readModels } from '#lib/decisions/read-models.ts'
import { featureSetOf, featureSets } from '#lib/features/feature-sets.ts'
import { BundleError, openBundle, openItemModel, readBundle } from '#lib/model/bundle/bundle.ts'
import { type Champion, compareWithChampion, judge, type Verdict } from '#lib/training/challenge.ts'
import type { Training } from '#lib/training/train-from-sales.ts'

/** Whether the new model prices from now on, and why or why not. */
export type Promotion = Verdict & Readonly<{ champion: string | null }>

type Context = Omit<PromotionContext, 'featureSets'>

/**
 * Puts a published model in force where it is no worse than the one that is: what nobody looks at must not make prices worse. A market
 * that no model ever priced takes it as it is; where the log may have forgotten which model does, people decide. Errors are those of the
 * servers, and of `promoteModel`.
 */
export async function promoteIfBetter(context: Context, { bundle, sales, newest }: Training, mostWorse: number): Promise<Promotion> {
  const models = await readModels(context)
  const before = championOf(models)
  if (before === bundle.modelId) return { promote: false, why: 'it is in force already', champion: before }
  const verdict = before !== null ? await challenge(before) : models.isWhole ? firstOfAll : forgotten
  if (verdict.promote)
    await promoteModel({ ...context, featureSets: featureSets.map(({ hash }) => hash) }, bundle.modelId, `train: ${verdict.why}`)
  return { ...verdict, champion: before }

  async function challenge(modelId: string): Promise<Verdict> {
    const champion = await openChampion(context, modelId)
    if (typeof champion === 'string') return { promote: false, why: `there is nothing to compare it with: ${champion}` }
    try {
      return judge(compareWithChampion(sales, newest, champion), mostWorse)
    } finally {
      champion.model.dispose()
    }
  }
}

const firstOfAll: Verdict = { promote: true, why: 'no model priced this market' }

const forgotten: Verdict = {
  promote: false,
  why: 'market.events no longer reaches back to its first event, and names no model in force since: flipstream models promote',
}

/** A text: why the champion cannot be asked. Then people decide (flipstream models promote), for something is wrong. */
async function openChampion({ store }: Context, modelId: string): Promise<Champion | string> {
  try {
    const bundle = await readBundle(store, modelId)
    const { featureSet: reads, trainedUntil } = bundle.manifest
    const featureSet = featureSetOf(reads.hash)
    if (featureSet === undefined)
      return `champion ${modelId} reads feature set ${reads.name} ${reads.hash}, which this version does not make`
    return { model: openBundle(bundle), itemModel: openItemModel(bundle), featureSet, trainedUntil }
  } catch (error) {
    if (error instanceof BundleError) return error.message
    throw error
  }
}
