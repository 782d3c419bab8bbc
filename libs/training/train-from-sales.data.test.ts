import { describe, expect, test } from 'vitest'
import { recordedSales } from '../../tests/market-data.ts'
import { trainFromSales } from './train-from-sales.ts'
import { fastTrainingSettings } from './training-settings.ts'

describe('training on real sales', { timeout: 600_000 }, () => {
  test('beats the median of the last 8 similar sales by a tenth, with honest intervals', async () => {
    const { report } = await trainFromSales({
      data: { kind: 'file', file: recordedSales(), part: { fraction: 0.3 }, source: 'recorded' },
      backend: 'wasm',
      settings: fastTrainingSettings,
    })
    const similar = report.rules.find(({ name }) => name === 'median of last 8 similar')
    expect(report.model.medianApe).toBeLessThan((similar?.errors.medianApe ?? 0) * 0.9)
    // A share of n rows strays by sqrt(0.9 × 0.1 / n); in so short a history prices also move on after the calibration.
    const strays = 0.03 + 3 * Math.sqrt((0.9 * 0.1) / report.model.rows)
    expect(Math.abs(report.model.coverage90 - 0.9)).toBeLessThan(strays)
  })
})
