import { describe, expect, it } from 'vitest'
import { UsageError } from '#lib/app/usage-error.ts'
import { parseArchiveArguments } from './arguments.ts'

describe('the arguments of flipstream archive', () => {
  it('mean the last run, all its topics, all their records', () => {
    expect(parseArchiveArguments(['verify'])).toMatchObject({
      action: 'verify',
      run: null,
      uri: null,
      topics: [],
      allowLagMillis: 0,
      json: false,
    })
    expect(parseArchiveArguments(['cat'])).toMatchObject({ from: 0, limit: Number.POSITIVE_INFINITY, partition: null })
  })

  it('narrow it', () => {
    const argv = ['cat', '--archive', 'dir', '--topic', 'alerts', '--partition', '2', '--from', '10', '--limit', '5']
    expect(parseArchiveArguments(argv)).toMatchObject({ uri: 'dir', topics: ['alerts'], partition: 2, from: 10, limit: 5 })
    expect(parseArchiveArguments(['verify', '--allow-lag', '15m'])).toMatchObject({ allowLagMillis: 900_000 })
  })

  it('ask for help', () => expect(parseArchiveArguments(['--help'])).toBeNull())

  it.each([
    [[], 'expected ls, cat, verify, backfill, found nothing'],
    [['wipe'], 'found wipe'],
    [['ls', '--bogus'], "Unknown option '--bogus'"],
    [['ls', '--run', 'a', '--archive', 'b'], '--run and --archive name two archives'],
    [['cat', '--topic', 'a', '--topic', 'b'], 'give --topic once'],
    [['cat', '--limit', 'many'], '--limit: expected a whole number from 0 up, found many'],
    [['cat', '--from', '-1'], '--from'],
    [['verify', '--allow-lag', '15'], '--allow-lag: expected a duration such as 90s, 10m or 2h, found 15'],
    [['verify', '--to', 'x'], '--to is for archive backfill'],
  ])('%j are refused before anything is opened: %s', (argv, message) => {
    expect(() => parseArchiveArguments(argv)).toThrow(UsageError)
    expect(() => parseArchiveArguments(argv)).toThrow(message)
  })
})
