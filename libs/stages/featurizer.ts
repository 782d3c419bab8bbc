import type { RejectCode } from '#lib/errors/reject-codes.ts'
import { axieFeatures } from '#lib/features/axie-v1.ts'
import { type FeatureSet, vectorOf, vectorToBytes } from '#lib/features/feature-set.ts'
import { featureSetOf } from '#lib/features/feature-sets.ts'
import { itemKey } from '#lib/market/event.ts'
import type { Processor, Result } from '#lib/stream/processor.ts'
import type { EnrichedListing, FeaturizedListing } from '#schemas/types.ts'

/** For listings that name none: no model prices them, so any will do. */
const otherwise = axieFeatures

const reject = (code: RejectCode, message: string): Result<never> => ({ type: 'reject', code, message })

/**
 * Adds to each enriched listing the vector that the model reads which the listing names. So models of different feature sets may take
 * turns: which one it is says the record, as it says which model.
 */
export function createFeaturizerProcessor(
  /** By hash; undefined of a set that this version does not have. */
  named: (hash: string) => FeatureSet | undefined = featureSetOf,
): Processor<EnrichedListing, FeaturizedListing, null> {
  const featurize = (listing: EnrichedListing): Result<FeaturizedListing> => {
    const { featureSetHash } = listing
    const featureSet = featureSetHash === null ? otherwise : named(featureSetHash)
    if (featureSet === undefined)
      return reject('feature_set_unknown', `model ${listing.modelId} reads feature set ${featureSetHash}, which this version does not have`)
    const { measureSet, measures } = listing.context
    if (measureSet !== featureSet.measureSet) {
      return reject(
        'measure_set_mismatch',
        `expected the market's measures of set ${featureSet.measureSet}, found ${measureSet} (${measures.length} numbers): ` +
          'enricher and featurizer are of different versions',
      )
    }
    const value = {
      featureSet: featureSet.name,
      featureSetHash: featureSet.hash,
      vector: vectorToBytes(vectorOf(featureSet, listing)),
      listing,
    }
    return { type: 'emit', outputs: [{ topic: 'listings.features', key: itemKey(listing.item.tokenId), value }] }
  }

  return { initial: () => null, process: (batch) => batch.map(({ value }) => featurize(value)) }
}
