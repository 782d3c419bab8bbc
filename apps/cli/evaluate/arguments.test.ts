import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { UsageError } from '#lib/app/usage-error.ts'
import { candidatesOf } from '#lib/training/evaluation/candidates.ts'
import { readLeaderboard } from '#lib/training/evaluation/leaderboard-csv.ts'
import { readTestSales } from '#lib/training/evaluation/test-sales.ts'
import { fastTrainingSettings } from '#lib/training/training-settings.ts'
import { parseEvaluateArguments } from './arguments.ts'

/** Any file will do: arguments are checked before it is read. */
const file = fileURLToPath(import.meta.url)
const directory = mkdtempSync(join(tmpdir(), 'flipstream-evaluate-'))
afterAll(() => rmSync(directory, { recursive: true }))

function written(name: string, ...lines: string[]): string {
  const path = join(directory, name)
  writeFileSync(path, `${lines.join('\n')}\n`)
  return path
}

describe('the arguments of flipstream evaluate', () => {
  test('are two files, and little else', () => {
    expect(parseEvaluateArguments(['--train', file, '--test', file])).toEqual({
      trainFile: file,
      testFile: file,
      walkForward: false,
      leaderboardFile: null,
      models: null,
      fast: false,
      settingsFile: null,
      seed: 1,
      json: false,
    })
  })

  test.each([
    [[], '--train FILE.csv is missing'],
    [['--train', file], '--test FILE.csv is missing'],
    [['--train', '/no/such.csv', '--test', file], '--train: no file /no/such.csv'],
    [['--train', file, '--test', file, '--walk-forward', 'hourly'], '--walk-forward: expected daily, found hourly'],
    [['--train', file, '--test', file, '--seed', 'x'], '--seed'],
    [['--train', file, '--tset', file], "Unknown option '--tset'"],
  ])('%j is refused before anything is read: %s', (argv, message) => {
    expect(() => parseEvaluateArguments(argv)).toThrow(UsageError)
    expect(() => parseEvaluateArguments(argv)).toThrow(message)
  })

  test('models are chosen by name; one that does not exist is told with those that do', () => {
    const names = (wanted: string[] | null) => candidatesOf(fastTrainingSettings, { leaderboard: [], wanted }).map(({ name }) => name)
    expect(names(null)[0]).toBe('champion')
    expect(names(['trees', 'champion'])).toEqual(['champion', 'trees'])
    expect(() => names(['oracle'])).toThrow(/no model oracle; there are champion, trees/)
  })
})

describe('files', () => {
  const header = 'time,id,class,breedCount,purity,eyes,ears,mouth,horn,back,tail,priceUsd'
  const row = (time: number, price: string, back = 'back-anemone') =>
    `${time},5016355,Aquatic,0,83,eyes-scar,ears-inkling,mouth-risky-fish,horn-oranda,${back},tail-koi,${price}`

  test('of later sales: what is no sale is counted, the rest put in the order of time', async () => {
    const path = written(
      'test.csv',
      header,
      row(1_649_639_068, '21'),
      row(1_649_639_067, '22'),
      row(1_649_639_069, 'NaN'),
      row(1_649_639_070, '3', 'tail-koi'),
    )
    const { events, leftOut } = await readTestSales(path, 'recorded')
    expect(events.map(({ eventTime }) => eventTime)).toEqual([1_649_639_067_000, 1_649_639_068_000])
    expect(leftOut).toBe(2)
  })

  test('of nothing but mistakes: the first is told', async () => {
    const path = written('broken.csv', header, row(1_649_639_069, 'NaN'))
    await expect(readTestSales(path, 'recorded')).rejects.toThrow(/none of its 1 rows is a sale; the first: .*priceUsd/)
  })

  test('of a leaderboard: ranks are the places of the rows', async () => {
    const path = written('leaders.csv', 'id,class,eyes,ears,mouth,horn,back,tail', '7,Plant,a,b,c,d,e,f', '8,Beast,a,b,c,d,e,f')
    const { axies } = await readLeaderboard(path)
    expect(axies.map(({ tokenId, rank }) => [tokenId, rank])).toEqual([
      ['7', 1],
      ['8', 2],
    ])
    await expect(readLeaderboard(written('none.csv', 'id,class'))).rejects.toThrow('eyes, ears, mouth, horn, back, tail missing')
  })
})
