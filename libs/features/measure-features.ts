/** Measures of the fold as features. */
import { type measureDefinitions, measureNumber } from '#lib/market/measures/measures.ts'
import type { Feature, FeatureInput } from './feature-set.ts'

/** Counts, rates and ages matter by their ratios: ln(1 + x). Relative prices are differences of logs already. */
export const isStretched = (measure: string): boolean => /\.(count|ageHours|salesPerHour|weight)$/.test(measure)
export const isRelativePrice = (measure: string): boolean =>
  /^(?!market|class|combo).*\.(last|median|weighted|minimum|q25|q75|mean|relative|relativeNow)$/.test(measure)

export function measureFeature([name, definition]: (typeof measureDefinitions)[number]): Feature {
  const place = measureNumber(name)
  const stretched = isStretched(name)
  return {
    name,
    kind: isRelativePrice(name) ? 'relative' : 'number',
    description: stretched ? `ln(1 + ${definition})` : definition,
    source: stretched ? `ln(1 + context.measures[${name}])` : `context.measures[${name}]`,
    read: stretched
      ? ({ context }: FeatureInput) => Math.log1p(context.measures[place] as number)
      : ({ context }: FeatureInput) => context.measures[place] as number,
  }
}
