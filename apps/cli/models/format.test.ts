import { describe, expect, test } from 'vitest'
import type { Models } from '#lib/decisions/read-models.ts'
import type { ModelAnnounced } from '#schemas/types.ts'
import { formatModels } from './format.ts'

const model = (modelId: string): ModelAnnounced => ({
  modelId,
  uri: `models/${modelId}/manifest.json`,
  sha256: 's',
  featureSetHash: 'f'.repeat(64),
  source: 'recorded',
  trainedFrom: 0,
  trainedUntil: Date.UTC(2022, 3, 15),
  metrics: { medianApe: 0.1034 },
})
const models = (promoted: readonly string[]): Models => ({
  announced: new Map(['a', 'b', 'c'].map((modelId) => [modelId, model(modelId)])),
  promotions: promoted.map((modelId, at) => ({ modelId, at, reason: 'test' })),
  isWhole: true,
  market: { clock: 9, source: 'recorded' },
})
const lines = (promoted: readonly string[]) => formatModels(models(promoted)).split('\n')

describe('the list of models', () => {
  test('says which is in force, what a rollback goes back to, and what was', () => {
    expect(lines(['c', 'a', 'b', 'b'])).toEqual([
      'model            market    learnt until (UTC)  median error  in 5-95%  features',
      'a      before    recorded  2022-04-15 00:00    10.3%         –         ffffffffffff',
      'b      in force  recorded  2022-04-15 00:00    10.3%         –         ffffffffffff',
      'c      was       recorded  2022-04-15 00:00    10.3%         –         ffffffffffff',
      '',
    ])
  })

  test('a model that was promoted and is announced no more is listed all the same', () => {
    expect(lines(['gone'])[1]).toBe('gone   in force  announced no more')
  })

  test('of none, says how to get one', () => {
    expect(formatModels({ announced: new Map(), promotions: [], isWhole: true, market: null })).toContain('flipstream train --publish')
  })
})
