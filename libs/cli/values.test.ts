import { expect, test } from 'vitest'
import { UsageError } from '#lib/app/usage-error.ts'
import {
  choiceOption,
  durationOption,
  fileOption,
  momentOption,
  numberOption,
  seedOption,
  textOption,
  wholeNumberOption,
} from './values.ts'

test.each([
  [() => numberOption('--speed', '', { above: 0 }), '--speed: expected a number above 0, found nothing'],
  [() => numberOption('--speed', '0x10', { above: 0 }), '--speed: expected a number above 0, found 0x10'],
  [() => numberOption('--speed', '1e999', { above: 0 }), '--speed: expected a number above 0, found 1e999'],
  [() => numberOption('--share', '1.01', { atLeast: 0, atMost: 1 }), '--share: expected a number from 0 to 1, found 1.01'],
  [() => wholeNumberOption('--days', '1.5', { atLeast: 1 }), '--days: expected a whole number from 1 up, found 1.5'],
  [() => wholeNumberOption('--days', '9007199254740993'), '--days: expected a whole number, found 9007199254740993'],
  [() => seedOption('--seed', '-1'), '--seed: expected a whole number from 0 to 2147483647, found -1'],
  [() => seedOption('--seed', '99999999999'), '--seed: expected a whole number from 0 to 2147483647, found 99999999999'],
  [() => durationOption('--for', '10'), '--for: expected a duration such as 90s, 10m or 2h, found 10'],
  [() => choiceOption('--state', 'x', ['waiting', 'redriven', 'any']), '--state: expected waiting, redriven or any, found x'],
  [() => fileOption('--sales', ''), '--sales: expected the name of a file, found nothing'],
  [() => fileOption('--sales', '.'), '--sales: . is not a file.'],
  [() => fileOption('--sales', 'nowhere.csv', 'Expected a CSV.'), '--sales: no file nowhere.csv. Expected a CSV.'],
  [() => textOption('--run', ' ', 'a name'), '--run: expected a name, found nothing'],
])('says what was expected and found: %#', (parse, message) => {
  expect(parse).toThrow(new UsageError(message))
})

test('values that are as expected', () => {
  expect(numberOption('--speed', '.5', { above: 0 })).toBe(0.5)
  expect(numberOption('--speed', '1e3')).toBe(1_000)
  expect(wholeNumberOption('--from', '0', { atLeast: 0 })).toBe(0)
  expect(durationOption('--for', '1.5h')).toBe(5_400_000)
  expect(momentOption('--until', '2022-04-16T12:00:00Z')).toBe(1_650_110_400_000)
  expect(() => momentOption('--until', '2022-02-31T00:00:00Z')).toThrow(
    /--until: expected a time .* \(there is no such day or hour\), found 2022-02-31/,
  )
})
