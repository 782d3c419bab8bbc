import { axieFeatures } from './axie-v1.ts'
import { axieResidualFeatures } from './axie-v2.ts'
import { axieAttributeFeatures } from './axie-v3.ts'
import type { FeatureSet } from './feature-set.ts'

/** Every feature set that live models may read. */
export const featureSets: readonly FeatureSet[] = [axieFeatures, axieResidualFeatures, axieAttributeFeatures]

const byHash: ReadonlyMap<string, FeatureSet> = new Map(featureSets.map((set) => [set.hash, set]))

/** Undefined of a hash that no set of this version has. */
export const featureSetOf = (hash: string): FeatureSet | undefined => byHash.get(hash)
