import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FatalError } from '#lib/errors/errors.ts'
import type { Input } from '#lib/stream/processor.ts'
import { createWindowProcessor, type WindowEvent, windowHorizonMillis } from '#lib/stream/testing/window-processor.ts'
import { type Checkpoint, createFold } from './fold.ts'
import { formatMetadata, parseMetadata } from './offset-metadata.ts'

const processor = createWindowProcessor('out')
const beginning: Checkpoint = { offset: 0, clock: null, carry: undefined }

type Step = Readonly<{ step: number; late: number; gap: number; amount: number; type: 'add' | 'unit' | 'refused' }>

/** Events whose clock moves on by up to two thirds of the horizon each, some of them late; offsets have gaps, as behind markers. */
const events: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    step: fc.integer({ min: 0, max: 700 }),
    late: fc.integer({ min: 0, max: 1_500 }),
    gap: fc.integer({ min: 1, max: 3 }),
    amount: fc.integer({ min: 1, max: 9 }),
    type: fc.constantFrom('add' as const, 'add' as const, 'add' as const, 'unit' as const, 'refused' as const),
  }),
  { minLength: 1, maxLength: 60 },
)

const inputsOf = (steps: readonly Step[]): Input<WindowEvent>[] => {
  let clock = 0
  let offset = 0
  return steps.map(({ step, late, gap, amount, type }, index) => {
    clock += step
    offset += gap
    const value = { type, id: `${index}`, key: 'k', time: clock - late, amount, unit: `u${amount}` }
    return { value: value as WindowEvent, record: { topic: 't', partition: 0, offset, timestamp: 0, key: 'k', headers: {} } }
  })
}

const cut = <T>(items: readonly T[], cuts: readonly number[]): T[][] => {
  const parts: T[][] = []
  let begun = 0
  for (const at of [...cuts.map((each) => each % (items.length + 1)), items.length].sort((a, b) => a - b)) {
    parts.push(items.slice(begun, at))
    begun = at
  }
  return parts
}

describe('a fold', () => {
  it('gives the same results and the same restore point however its records are cut', () => {
    fc.assert(
      fc.property(events, fc.array(fc.nat(), { maxLength: 10 }), (steps, cuts) => {
        const inputs = inputsOf(steps)
        const whole = createFold(processor, beginning)
        const results = whole.apply(inputs)
        const parts = createFold(processor, beginning)
        expect(cut(inputs, cuts).flatMap((part) => parts.apply(part))).toEqual(results)
        expect(parts.restorePoint()).toEqual(whole.restorePoint())
      }),
    )
  })

  it('restored at any point goes on as if never disturbed, again and again', () => {
    fc.assert(
      fc.property(events, fc.array(fc.nat(), { minLength: 1, maxLength: 6 }), (steps, cuts) => {
        const inputs = inputsOf(steps)
        const undisturbed = createFold(processor, beginning)
        const expected = undisturbed.apply(inputs)

        let checkpoint = beginning
        const results = cut(inputs, cuts).flatMap((part) => {
          const fold = createFold(processor, checkpoint)
          const begun = part[0]?.record.offset ?? Number.POSITIVE_INFINITY
          fold.apply(inputs.filter(({ record }) => record.offset >= checkpoint.offset && record.offset < begun))
          const live = fold.apply(part)
          if (part.length > 0) checkpoint = parseMetadata(formatMetadata(fold.restorePoint()))!
          return live
        })
        expect(results).toEqual(expected)
        expect(checkpoint).toEqual(undisturbed.restorePoint())
      }),
    )
  })

  it('restores from no further back than the horizon and one step of its grid', () => {
    const inputs = inputsOf(Array.from({ length: 1_000 }, () => ({ step: 10, late: 0, gap: 1, amount: 1, type: 'add' as const })))
    const fold = createFold(processor, beginning)
    fold.apply(inputs)
    const { offset, clock } = fold.restorePoint()
    const needed = windowHorizonMillis / 10
    expect(1_000 - offset).toBeGreaterThanOrEqual(needed)
    expect(1_000 - offset).toBeLessThan(needed + 10)
    expect(clock).toBe((offset - 1) * 10)
  })

  it('carries the value as it stood at the restore point, not as it is now', () => {
    const fold = createFold(processor, beginning)
    const unit = (offset: number, time: number, name: string): Input<WindowEvent> => ({
      value: { type: 'unit', id: name, key: 'k', time, unit: name },
      record: { topic: 't', partition: 0, offset, timestamp: 0, key: 'k', headers: {} },
    })
    fold.apply([unit(0, 0, 'first'), unit(1, 600, 'second'), unit(2, 1_200, 'third'), unit(3, 1_700, 'fourth')])
    expect(fold.restorePoint()).toEqual({ offset: 2, clock: 600, carry: '{"unit":"second"}' })
  })

  it('ignores a time that is not finite', () => {
    const fold = createFold(processor, beginning)
    const [input] = inputsOf([{ step: 5, late: 0, gap: 1, amount: 1, type: 'add' }])
    fold.apply([{ ...input!, value: { ...input!.value, time: Number.NaN } }])
    expect(fold.restorePoint()).toEqual(beginning)
  })

  it('takes a processor at its word that each record has one result', () => {
    const fold = createFold({ initial: () => ({}), process: () => [] }, beginning)
    expect(() => fold.apply(inputsOf([{ step: 1, late: 0, gap: 1, amount: 1, type: 'add' }]))).toThrow(FatalError)
  })
})

describe('the metadata of an offset', () => {
  it('says again what was put in', () => {
    const checkpoint = { offset: 42, clock: 1_650_000_000_000, carry: '{"modelId":"m","rules":["ü"]}' }
    expect(parseMetadata(formatMetadata(checkpoint))).toEqual(checkpoint)
    expect(parseMetadata(formatMetadata(beginning))).toEqual(beginning)
  })

  it.each(['', 'moved by hand', '{}', '{"version":2,"restoreFrom":1,"clock":null}', '{"version":1,"restoreFrom":-1,"clock":null}'])(
    'is not understood where a fold did not write it: %j',
    (metadata) => {
      expect(parseMetadata(metadata)).toBeNull()
    },
  )

  it('that Kafka would refuse is refused here, with the reason', () => {
    expect(() => formatMetadata({ offset: 1, clock: 1, carry: JSON.stringify('x'.repeat(5_000)) })).toThrow(/carry\(\) must return only/)
  })
})
