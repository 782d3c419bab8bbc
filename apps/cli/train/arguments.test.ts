import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { UsageError } from '#lib/app/usage-error.ts'
import { noCleansing } from '#lib/validation/cleansing.ts'
import { parseTrainArguments } from './arguments.ts'

/** Any file will do: arguments are checked before it is read. */
const file = fileURLToPath(import.meta.url)

describe('the arguments of flipstream train', () => {
  test('take all of a recorded file unless told otherwise', () => {
    expect(parseTrainArguments(['--sales', file])).toEqual({
      data: { kind: 'file', file, part: { fraction: 1 }, source: 'recorded' },
      seed: 1,
      cleansing: noCleansing,
      compare: false,
      fast: false,
      settingsFile: null,
      useCache: true,
      reportFile: null,
      outDirectory: null,
      publish: false,
      promote: null,
      json: false,
    })
  })

  test('a part is a share of the rows, or a moment, in either way of writing one', () => {
    const data = (...argv: string[]) => parseTrainArguments(['--sales', file, ...argv]).data
    expect(data('--fraction', '0.4')).toMatchObject({ part: { fraction: 0.4 } })
    expect(data('--until', '2022-04-16T12:00:00Z')).toMatchObject({ part: { until: 1_650_110_400_000 } })
    expect(data('--until', '1650110400')).toMatchObject({ part: { until: 1_650_110_400_000 } })
  })

  test('an archive is taken whole, or what was known from one moment until another', () => {
    const data = (...argv: string[]) => parseTrainArguments(['--archive', 's3://market', ...argv]).data
    expect(data()).toEqual({ kind: 'archive', uri: 's3://market', span: { from: null, until: null, days: null } })
    expect(data('--days', '28')).toMatchObject({ span: { from: null, until: null, days: 28 } })
    expect(data('--from', '1650110400', '--until', '2022-04-17')).toMatchObject({
      span: { from: 1_650_110_400_000, until: 1_650_153_600_000 },
    })
  })

  test('to be promoted, a model is published; how much worse than the champion it may be has a default', () => {
    const promote = (...argv: string[]) => parseTrainArguments(['--sales', file, '--promote', ...argv])
    expect(promote()).toMatchObject({ publish: true, promote: { maxWorsening: 0.1 } })
    expect(promote('--most-worse', '0')).toMatchObject({ promote: { maxWorsening: 0 } })
    expect(() => promote('--most-worse', '5%')).toThrow('--most-worse: expected a number from 0 to 1, found 5%')
  })

  test('whatever is left out, is left out because it was asked for', () => {
    const argv = ['--drop-empty-class', '--drop-duplicates', '--drop-wash-trades', '--min-price', '1', '--max-price', '2000']
    expect(parseTrainArguments(['--sales', file, ...argv, '--most-examples', '9000', '--seed', '3']).cleansing).toEqual({
      emptyClass: true,
      duplicates: true,
      washTrades: true,
      minPriceUsd: 1,
      maxPriceUsd: 2_000,
      mostExamples: 9_000,
      seed: 3,
    })
  })

  test.each([
    [[], '--sales FILE.csv or --archive URI is missing'],
    [['--sales', file, '--archive', 's3://market'], '--sales and --archive: give one'],
    [['--sales', file, '--from', '2022-04-16'], '--from and --days are for --archive'],
    [['--archive', 's3://market', '--from', '2022-04-16', '--days', '3'], '--from and --days say the same thing'],
    [['--archive', 's3://market', '--source', 'live'], '--source: an archive says itself'],
    [['--archive', 's3://market', '--fraction', '0.4'], '--fraction is for --sales'],
    [['--archive', 's3://market', '--from', '2022-04-17', '--until', '2022-04-16'], '--from must lie before --until'],
    [['--sales', '/no/such/file.csv'], 'no file /no/such/file.csv'],
    [['--sales', file, '--fraction', '2'], '--fraction: expected a number above 0'],
    [['--sales', file, '--fraction', '0'], '--fraction: expected a number above 0'],
    [['--sales', file, '--until', 'soon'], '--until: expected a time'],
    [['--sales', file, '--until', '2022-04-16', '--fraction', '0.4'], 'give one'],
    [['--sales', file, '--source', 'elsewhere'], '--source: expected live, recorded or synthetic, found elsewhere'],
    [['--sales', file, '--seed', 'x'], '--seed'],
    [['--sales', file, '--max-price', '0'], '--max-price: expected a number above 0, found 0'],
    [['--sales', file, '--settings', '/no/such.yaml'], '--settings: no file /no/such.yaml'],
    [['--sales', file, '--sails', 'x'], "Unknown option '--sails'"],
  ])('%j is refused before anything is read: %s', (argv, message) => {
    expect(() => parseTrainArguments(argv)).toThrow(UsageError)
    expect(() => parseTrainArguments(argv)).toThrow(message)
  })
})
