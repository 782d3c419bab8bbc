import { describe, expect, it } from 'vitest'
import { UsageError } from '#lib/app/usage-error.ts'
import { parseReplayArguments } from './replay-arguments.ts'

describe('the arguments of flipstream replay', () => {
  it('mean the events of the last run, as fast as it goes', () => {
    const meant = {
      action: 'replay',
      run: null,
      uri: null,
      to: null,
      topics: ['market.events'],
      speed: Number.POSITIVE_INFINITY,
      pipeline: false,
    }
    expect(parseReplayArguments([])).toMatchObject(meant)
  })

  it('compare scores and alerts', () => {
    expect(parseReplayArguments(['verify'])).toMatchObject({ action: 'verify', topics: ['listings.scored', 'alerts'], decisions: true })
    expect(parseReplayArguments(['verify', '--topic', 'alerts'])).toMatchObject({ topics: ['alerts'], decisions: false })
    expect(parseReplayArguments(['verify', '--topic', 'market.events'])).toMatchObject({ decisions: true })
  })

  it('take a name with or without the dot at its end', () => {
    expect(parseReplayArguments(['--to', 'again.'])).toMatchObject({ to: 'again' })
    expect(parseReplayArguments(['--to', 'again', '--speed', '60'])).toMatchObject({ to: 'again', speed: 60 })
  })

  it.each([
    [['again'], 'expected nothing or verify, found again'],
    [['--speed', 'fast'], '--speed: expected a number above 0, or max, found fast'],
    [['--speed', '0'], '--speed'],
    [['--to', ''], '--to: expected letters'],
    [['--partitions', '0'], '--partitions: expected a whole number from 1 to 9999, found 0'],
    [['--from-topic', '--archive', 'x'], '--from-topic reads the topics of a run'],
    [['--run', 'a', '--archive', 'b'], '--run and --archive name two recordings'],
  ])('%j are refused before anything is opened: %s', (argv, message) => {
    expect(() => parseReplayArguments(argv)).toThrow(UsageError)
    expect(() => parseReplayArguments(argv)).toThrow(message)
  })
})
