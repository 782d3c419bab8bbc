import { expect, it } from 'vitest'
import { UsageError } from '#lib/app/usage-error.ts'
import { parseDlqArguments } from './arguments.ts'

it('ls lists what waits, newest hundred, unless told', () => {
  expect(parseDlqArguments(['ls'])).toMatchObject({ action: 'ls', state: 'waiting', limit: 100, run: null, json: false })
  expect(parseDlqArguments(['ls', '--state', 'any', '--limit', '5', '--app', 'enricher'])).toMatchObject({
    state: 'any',
    limit: 5,
    filter: { app: 'enricher', topic: null },
  })
})

it('times are ISO, and bound the filter', () => {
  const { filter } = parseDlqArguments(['redrive', '--since', '2026-11-25T12:00Z', '--until', '2026-11-26'])
  expect(filter).toMatchObject({ since: Date.UTC(2026, 10, 25, 12), until: Date.UTC(2026, 10, 26) })
})

it.each([
  [['redrive']],
  [['redrive', '--all', '--app', 'enricher']],
  [['redrive', '0-1', '--all']],
  [['redrive', '0-1', '--code', 'x']],
  [['redrive', 'seventeen']],
  [['show']],
  [['show', '0-1', '0-2', '--value', 'file']],
  [['ls', '0-1']],
  [['ls', '--dry-run']],
  [['ls', '--limit', '0']],
  [['ls', '--state', 'gone']],
  [['ls', '--since', 'yesterday']],
  [['rm']],
  [[]],
])('%j is refused before anything is touched', (argv) => {
  expect(() => parseDlqArguments(argv)).toThrow(UsageError)
})
