import { describe, expect, test } from 'vitest'
import { UsageError } from '#lib/app/usage-error.ts'
import { parseModelsArguments } from './arguments.ts'

describe('the arguments of flipstream models', () => {
  test('say what to do, with which model, in which run', () => {
    expect(parseModelsArguments(['ls'])).toEqual({ action: 'ls', run: null, json: false })
    expect(parseModelsArguments(['show', 'dense-1', '--json'])).toEqual({ action: 'show', modelId: 'dense-1', run: null, json: true })
    expect(parseModelsArguments(['promote', 'dense-1', '--run', 'r', '--reason', 'better'])).toMatchObject({ run: 'r', reason: 'better' })
    expect(parseModelsArguments(['compare', 'a', 'b'])).toEqual({ action: 'compare', modelId: 'a', against: 'b', run: null, json: false })
    expect(parseModelsArguments(['hold', '--reason', 'holidays'])).toMatchObject({ action: 'hold', reason: 'holidays' })
    expect(parseModelsArguments(['release'])).toMatchObject({ action: 'release', reason: 'by hand' })
    expect(parseModelsArguments(['rollback'])).toMatchObject({ action: 'rollback', reason: 'by hand' })
  })

  test.each([
    [[], 'flipstream models ls'],
    [['list'], 'flipstream models ls'],
    [['promote'], 'models promote: which?'],
    [['compare', 'dense-1'], 'models compare: which two?'],
    [['compare', 'a', 'b', 'c'], 'does not know what to do with c'],
    [['hold', 'dense-1'], 'does not know what to do with dense-1'],
    [['rollback', 'dense-1'], 'does not know what to do with dense-1'],
    [['ls', '--runs', 'x'], "Unknown option '--runs'"],
  ])('%j is refused: %s', (argv, message) => {
    expect(() => parseModelsArguments(argv)).toThrow(UsageError)
    expect(() => parseModelsArguments(argv)).toThrow(message)
  })
})
