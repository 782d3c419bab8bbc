import { championOf, type Models } from '#lib/decisions/read-models.ts'
import { featureSetOf } from '#lib/features/feature-sets.ts'
import { BundleError, openBundle, openItemModel, readBundle } from '#lib/model/bundle/bundle.ts'
import type { ObjectStore } from '#lib/objectstore/object-store.ts'
import { type Champion, compareWithChampion, judge, type Verdict } from './challenge.ts'
import type { Training } from './train-from-sales.ts'

/** Whether a new model may take the champion's place, and why or why not. */
export type VerdictBesideChampion = Verdict & Readonly<{ champion: string | null }>

/**
 * A new model beside the one in force, on sales that neither had seen. A market that no model ever priced takes it as it is; where the log
 * may have forgotten which model does, people decide.
 */
export async function judgeBesideChampion(
  store: ObjectStore,
  models: Models,
  { bundle, sales, newest }: Pick<Training, 'bundle' | 'sales' | 'newest'>,
  maxWorsening: number,
): Promise<VerdictBesideChampion> {
  const before = championOf(models)
  if (before === bundle.modelId) return { promote: false, why: 'it is in force already', champion: before }
  if (before === null) return { ...(models.isWhole ? firstOfAll : forgotten), champion: null }
  const champion = await openChampion(store, before)
  if (typeof champion === 'string') return { promote: false, why: `there is nothing to compare it with: ${champion}`, champion: before }
  try {
    return { ...judge(compareWithChampion(sales, newest, champion), maxWorsening), champion: before }
  } finally {
    champion.model.dispose()
  }
}

const firstOfAll: Verdict = { promote: true, why: 'no model priced this market' }

const forgotten: Verdict = {
  promote: false,
  why: 'market.events no longer reaches back to its first event, and names no model in force since: flipstream models promote',
}

/** A text: why the champion cannot be asked. Then people decide (flipstream models promote), for something is wrong. */
async function openChampion(store: ObjectStore, modelId: string): Promise<Champion | string> {
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
