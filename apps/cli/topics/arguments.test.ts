import { expect, test } from 'vitest'
import { parseTopicsArguments } from './arguments.ts'

test('says what to do, with as many partitions as a cluster usually has', () => {
  expect(parseTopicsArguments(['check'])).toEqual({ action: 'check', partitions: 12, replicas: null, minInSync: null, json: false })
  expect(parseTopicsArguments(['create', '--partitions', '3', '--replicas', '3', '--min-in-sync', '2'])).toMatchObject({
    action: 'create',
    partitions: 3,
    replicas: 3,
    minInSync: 2,
  })
})

test.each([
  [[], /expected create or check, found nothing/],
  [['drop'], /expected create or check, found drop/],
  [['check', 'alerts'], /does not know what to do with alerts/],
  [['create', '--partitions', '0'], /--partitions: expected a whole number/],
  [['create', '--replicas', '1', '--min-in-sync', '2'], /nothing could be written/],
])('%j is refused', (argv, message) => {
  expect(() => parseTopicsArguments(argv)).toThrow(message)
})
