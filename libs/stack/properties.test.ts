import { expect, test } from 'vitest'
import { formatProperties } from './properties.ts'

test.each([
  ['/srv/j/axies', 'a=/srv/j/axies\n'],
  ['/srv/jürgen/Überraschung', 'a=/srv/j\\u00fcrgen/\\u00dcberraschung\n'],
  ['/家/🦎', 'a=/\\u5bb6/\\ud83e\\udd8e\n'],
  ['C:\\axies', 'a=C:\\\\axies\n'],
  [' two\nlines', 'a=\\ two\\u000alines\n'],
])('%j as Java reads it', (value, text) => {
  expect(formatProperties({ a: value })).toBe(text)
})

test('numbers and switches as they are', () => {
  expect(formatProperties({ port: 9092, open: false })).toBe('port=9092\nopen=false\n')
})
