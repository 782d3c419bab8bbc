import { describe, expect, test } from 'vitest'
import type { FittedModel, ModelFamily, StoredModel, TrainingTask } from '#lib/model/model-family.ts'
import { targetsOf } from '#lib/model/model-family.ts'
import type { Examples } from '#lib/model/price-model.ts'
import { createStackFamily } from './stack-family.ts'

/** Vectors of one number, the row's place in time; prices follow it. */
function rows(count: number): Examples {
  return {
    vectors: Float32Array.from({ length: count }, (_, row) => row),
    levels: new Float64Array(count),
    logPrices: Float64Array.from({ length: count }, (_, row) => row / count),
  }
}

/** Says a share of the truth, and remembers what it was shown. */
function pupil(kind: string, share: number, lessons: { until: number; stopping: [number, number] }[] = []): ModelFamily {
  const forecaster = (): FittedModel['forecaster'] => ({
    vectorWidth: 1,
    forecast: (vectors) =>
      Float64Array.from({ length: vectors.length * 5 }, (_, at) => share * ((vectors[Math.floor(at / 5)] as number) / 1_000)),
    explain: kind === 'says why' ? (vectors) => Float64Array.from([...vectors].flatMap((value) => [(share * value) / 1_000, 0])) : null,
    store: (): StoredModel => ({ definition: { share }, weights: Buffer.from(kind) }),
    dispose: () => {},
  })
  return {
    kind,
    settings: {},
    async fit({ fit, stopping }) {
      lessons.push({ until: fit.vectors.at(-1) as number, stopping: [stopping.vectors[0] as number, stopping.vectors.at(-1) as number] })
      return { forecaster: forecaster(), learning: null }
    },
    restore: forecaster,
  }
}

const task = (columns: TrainingTask['columns'] = [{ name: 'time', kind: 'number' }]): TrainingTask => {
  const all = rows(1_000)
  return { columns, anchor: 'time', fit: all, stopping: all, seed: 1 }
}

describe('a stack', () => {
  test('asks its members only about rows after all they had learnt from, then lets them learn from everything', async () => {
    const lessons: { until: number; stopping: [number, number] }[] = []
    await createStackFamily([pupil('a', 1, lessons)]).fit(task())
    expect(lessons).toEqual([
      { until: 359, stopping: [360, 399] },
      { until: 539, stopping: [540, 599] },
      { until: 719, stopping: [720, 799] },
      { until: 999, stopping: [0, 999] },
    ])
  })

  test('weighs those that were right, and forgets the others', async () => {
    const { forecaster } = await createStackFamily([pupil('right', 1), pupil('wrong', 9)]).fit(task())
    expect(forecaster.store().weights.toString()).toBe('right')
    const [forecast] = forecaster.forecast(Float32Array.of(500))
    expect(forecast).toBeCloseTo(targetsOf(rows(1_000))[500] as number)
  })

  test('fits again the members that can, with the weights they have; the others stay as they are', async () => {
    const able = pupil('able', 0.5)
    const refitting: ModelFamily = {
      ...able,
      fit: async (given) => ({ ...(await able.fit(given)), refit: async () => (await pupil('able', 0.7).fit(given)).forecaster }),
    }
    const { forecaster, refit } = await createStackFamily([refitting, pupil('other', 1.5)]).fit(task())
    const again = await refit?.(rows(1_000))
    const [before, after] = [forecaster, again].map((model) => model?.forecast(Float32Array.of(1_000))[2] as number)
    expect((after as number) - (before as number)).toBeCloseTo(0.5 * 0.2, 2)
  })

  test('is the same after it was stored and restored; a member of a kind it does not know is refused', async () => {
    const family = createStackFamily([pupil('low', 0.5), pupil('high', 1.5)])
    const { forecaster } = await family.fit(task())
    const { definition, weights } = forecaster.store()
    const stored = { definition: JSON.parse(JSON.stringify(definition)), weights }
    expect(weights.toString()).toBe('lowhigh')
    const asked = Float32Array.of(1, 500, 999)
    expect(family.restore(stored).forecast(asked)).toHaveLength(15)
    expect(() => createStackFamily([pupil('low', 0.5)]).restore(stored)).toThrow('no members of kind high')
    expect(() => family.restore({ ...stored, weights: weights.subarray(1) })).toThrow('expected 7 bytes of members, found 6')
  })

  test('says why as far as its members can; what the others say is where it starts from', async () => {
    const { forecaster } = await createStackFamily([pupil('says why', 0.5), pupil('silent', 1.5)]).fit(task())
    const asked = Float32Array.of(400, 800)
    const effects = forecaster.explain?.(asked) ?? new Float64Array(0)
    const forecasts = forecaster.forecast(asked)
    expect(effects).toHaveLength(4)
    expect((effects[0] as number) + (effects[1] as number)).toBeCloseTo(forecasts[2] as number)
    expect((effects[2] as number) + (effects[3] as number)).toBeCloseTo(forecasts[7] as number)
    expect(effects[2]).toBeCloseTo(2 * (effects[0] as number))
  })
})
