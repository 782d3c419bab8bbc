import { describe, expect, test } from 'vitest'
import { UsageError } from '#lib/app/usage-error.ts'
import { parseHyperparameters } from './hyperparameters.ts'

const defaults = { network: { epochs: 14, hidden: [128, 64] as const, name: 'dense' }, seed: 1 }
const parse = (text: string) => parseHyperparameters(text, 'settings.yaml', defaults)

describe('a file of hyperparameters', () => {
  test('changes what it says and leaves the rest', () => {
    expect(parse('network:\n  epochs: 3\n')).toEqual({ ...defaults, network: { ...defaults.network, epochs: 3 } })
    expect(parse('')).toEqual(defaults)
    expect(parse('network: { hidden: [8, 4] }').network.hidden).toEqual([8, 4])
  })

  test.each([
    ['network: { epoch: 3 }', 'network.epoch: no such setting; there are epochs, hidden, name'],
    ['network: { epochs: many }', 'network.epochs: expected a number such as 14, found "many"'],
    ['network: { epochs: .nan }', 'network.epochs: expected a number'],
    ['network: { hidden: [1] }', 'network.hidden: expected a list of 2'],
    ['network: 3', 'network: expected settings by name (epochs, hidden, name), found 3'],
    ['- 1', 'the file: expected settings by name'],
    ['network: { epochs: [', 'settings.yaml: '],
  ])('%j is refused: %s', (text, message) => {
    expect(() => parse(text)).toThrow(UsageError)
    expect(() => parse(text)).toThrow(message)
  })

  test('every mistake is told at once', () => {
    expect(() => parse('seeds: 1\nnetwork: { epochs: x }')).toThrow(/seeds[\s\S]*network\.epochs/)
  })
})
