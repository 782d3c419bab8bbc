import { describe, expect, test } from 'vitest'
import { UsageError } from '#lib/app/usage-error.ts'
import { classicRules, defaultRules } from '#lib/rules/presets.ts'
import { defaultExecution } from './money/settings.ts'
import { parseSweep, sweepPoints } from './sweep.ts'

describe('a sweep', () => {
  test('tries every value from the first to the last, as they are written', () => {
    expect(parseSweep('margin=0.1:0.6:0.1')).toEqual({ name: 'margin', values: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6] })
    expect(parseSweep('delay=0:100:40').values).toEqual([0, 40, 80])
    expect(parseSweep('gain=5:5:1').values).toEqual([5])
  })

  test('changes rules or execution, and of two the pairs', () => {
    const points = sweepPoints([parseSweep('margin=0.1:0.2:0.1'), parseSweep('delay=0:60:60')], defaultRules, defaultExecution)
    expect(points.map(({ values }) => values)).toEqual([
      { margin: 0.1, delay: 0 },
      { margin: 0.1, delay: 60 },
      { margin: 0.2, delay: 0 },
      { margin: 0.2, delay: 60 },
    ])
    expect(points[2]?.rules.rules[0]?.forecast).toMatchObject({ minimumRatio: 1.2, minimumGainUsd: 5 })
    expect(points[2]?.execution.delaySeconds).toBe(0)
    expect(
      sweepPoints([parseSweep('sell-chance=0.25:0.5:0.25')], defaultRules, defaultExecution).map(({ execution }) => execution.sellChance),
    ).toEqual([0.25, 0.5])
    expect(sweepPoints([], defaultRules, defaultExecution)).toEqual([])
  })

  test.each(['margin', 'margin=1', 'profit=1:2:1', 'margin=2:1:1', 'margin=1:2:0', 'margin=0:1:0.001', 'margin=a:b:c'])(
    '%s is refused',
    (given) => {
      expect(() => parseSweep(given)).toThrow(UsageError)
    },
  )

  test('of a margin that no rule has is refused', () => {
    expect(() => sweepPoints([parseSweep('margin=0.1:0.2:0.1')], classicRules, defaultExecution)).toThrow('no rule of classic has a margin')
  })
})
