import { type FeatureSet, vectorOf, vectorToBytes } from '#lib/features/feature-set.ts'
import { itemKey } from '#lib/market/event.ts'
import type { Processor, Result } from '#lib/stream/processor.ts'
import type { EnrichedListing, FeaturizedListing } from '#schemas/types.ts'

/** Adds to each enriched listing the vector that models of this feature set read. */
export function createFeaturizerProcessor(featureSet: FeatureSet): Processor<EnrichedListing, FeaturizedListing, null> {
  const featurize = (listing: EnrichedListing): Result<FeaturizedListing> => {
    const { measureSet, measures } = listing.context
    if (measureSet !== featureSet.measureSet) {
      return {
        type: 'reject',
        code: 'measure_set_mismatch',
        message:
          `expected the market's measures of set ${featureSet.measureSet}, found ${measureSet} (${measures.length} numbers): ` +
          'enricher and featurizer are of different versions',
      }
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
