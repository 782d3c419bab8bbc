import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { parseHTML } from 'linkedom'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseBacktestArguments } from '#app/cli/backtest/arguments.ts'
import { run as sample } from '#app/cli/sample/main.ts'
import { UsageError } from '#lib/app/usage-error.ts'
import { knobNames, knobOf } from './money/settings.ts'
import { backtestReport } from './report/report.ts'
import { formatBacktest } from './report/text.ts'
import type { BacktestResult } from './result.ts'
import { runBacktest } from './run-backtest.ts'

const directory = mkdtempSync(join(tmpdir(), 'flipstream-backtest-'))
afterAll(() => rmSync(directory, { recursive: true }))
const salesFile = join(directory, 'sales.csv')

beforeAll(async () => {
  const output = new PassThrough()
  const written = text(output)
  await sample(['--days', '4', '--seed', '3', '--per-hour', '16'], output)
  output.end()
  writeFileSync(salesFile, await written)
})

let shares: number[] = []
const play = (...argv: string[]): Promise<BacktestResult> => {
  shares = []
  return runBacktest(parseBacktestArguments(['--sales', salesFile, '--source', 'synthetic', '--draws', '20', ...argv]), {
    env: {},
    backend: 'wasm',
    progress: { show: (done) => shares.push(done), end: () => {} },
  })
}

describe('a backtest of generated sales', { timeout: 120_000 }, () => {
  let whole: BacktestResult
  let sharesOfWhole: readonly number[]
  beforeAll(async () => {
    whole = await play('--from', '2026-01-03', '--check-lookahead', '--sweep', 'margin=0.1:0.5:0.2')
    sharesOfWhole = shares
  }, 120_000)

  test('prices each day by a model that ends before it', () => {
    expect(whole.models.map(({ from, to }) => [from.slice(0, 10), to?.slice(0, 10)])).toEqual([
      ['2026-01-03', '2026-01-04'],
      ['2026-01-04', '2026-01-04'],
    ])
    for (const { from, trainedUntil } of whole.models) expect(trainedUntil !== null && trainedUntil < from).toBe(true)
    const played = readFileSync(salesFile, 'utf8')
      .split('\n')
      .filter((line) => Number(line.split(',')[0]) >= Date.parse('2026-01-03') / 1_000)
    expect(whole.played).toMatchObject({ days: 2, listings: played.length, refused: {} })
    expect(whole.forecast.all.rows).toBe(played.length)
  })

  test('accounts for every listing and every alert', () => {
    const { decisions, played, strategies, portfolio } = whole
    const refused = Object.values(decisions.refusals).reduce((sum, count) => sum + count, 0)
    expect(decisions.alerts).toBeGreaterThan(0)
    expect(refused + decisions.alerts).toBe(played.listings)
    expect(strategies.map(({ name }) => name)).toEqual([
      'alerts',
      'earlier default',
      'classic',
      'similar-sale rule',
      'buy the floor',
      'random, matched',
    ])
    const [alerts, random] = [strategies[0], strategies.at(-1)]
    expect(alerts?.picks).toBe(decisions.alerts)
    expect(random?.picks).toBe(decisions.alerts)
    expect(whole.everything.picks).toBe(played.listings)
    for (const { summary, bought, exits } of strategies) {
      expect(Object.values(summary.exits).reduce((sum, count) => sum + count, 0)).toBeCloseTo(summary.picks, 6)
      expect(Object.values(exits).reduce((sum, count) => sum + count, 0)).toBeCloseTo(bought, 6)
    }
    const missed = Object.values(portfolio.missed).reduce((sum, count) => sum + count, 0)
    expect(portfolio.bought + missed).toBe(decisions.alerts)
    expect(portfolio.trades.reduce((sum, { gainUsd }) => sum + gainUsd, 0)).toBeCloseTo(portfolio.figures.profitUsd, 6)
    expect(portfolio.figures.finalCashUsd + portfolio.figures.stuckWorthUsd).toBeCloseTo(portfolio.figures.finalWorthUsd, 6)
  })

  test('sees no future', () => {
    expect(whole.lookahead).toMatchObject({ leak: null, models: { compared: 1, differing: null } })
    expect(whole.lookahead?.compared).toBeGreaterThan(200)
  })

  test('sweeps a margin over the same forecasts: a higher one alerts less, and the default is among them', () => {
    const alerts = whole.sweep.map((one) => one.alerts)
    expect(whole.sweep.map(({ values }) => values.margin)).toEqual([0.1, 0.3, 0.5])
    expect(alerts[1]).toBe(whole.decisions.alerts)
    expect(alerts).toEqual([...alerts].sort((a, b) => b - a))
    expect(alerts[0]).toBeGreaterThan(alerts[2] as number)
  })

  test('gives the same bytes again for the same input and seed, whatever else is asked for', async () => {
    const bytes = ({ sweep, lookahead, ...result }: BacktestResult) => createHash('sha256').update(JSON.stringify(result)).digest('hex')
    const again = await play('--from', '2026-01-03')
    expect(bytes(again)).toBe(bytes(whole))
  })

  test('reports: assumptions and the bias of the data first, every part that there is to tell, in one file', () => {
    const report = backtestReport(whole)
    const { document } = parseHTML(report)
    const titles = [...document.querySelectorAll('h2')].map(({ textContent }) => textContent)
    expect(titles).toEqual([
      'Assumptions',
      'Dollars at equal capital',
      'Day by day',
      'Other judgements',
      'One account through all days',
      'What was picked',
      'The race',
      'How good the forecasts were',
      'Why listings were not alerted',
      'Other values',
      'Trades',
      'Proof',
    ])
    expect(document.querySelector('section')?.textContent).toMatch(/Simulated, synthetic market[\s\S]*Selection bias/)
    expect(report).toContain('came out the same to the byte')
    for (const name of knobNames) expect(report).toContain(`--${knobOf(name).flag}`)
    expect(document.querySelectorAll('script, link, img').length).toBe(0)
    expect(report.match(/.{0,80}(NaN|undefined|Infinity).{0,20}/g)).toBeNull()
  })

  test('claims nothing of too few days, in the terminal and in the report', () => {
    expect(whole.countedDays).toBeLessThan(4)
    expect(whole.forecast.alerted.exitLevels.map(({ level }) => level)).toEqual([0.05, 0.25, 0.5, 0.75, 0.95])
    expect(whole.comparisons.every(({ separates }) => separates === null)).toBe(true)
    for (const page of [formatBacktest(whole), backtestReport(whole)]) {
      expect(page).toContain('no interval')
      expect(page).not.toMatch(/: (better|worse)\b/)
    }
  })

  test('tells people and shows how far it is', () => {
    expect(formatBacktest(whole)).toMatch(/SIMULATED \(synthetic\)[\s\S]*similar-sale rule[\s\S]*margin[\s\S]*look-ahead: none/)
    expect(sharesOfWhole.at(-1)).toBe(1)
    expect(sharesOfWhole).toEqual([...sharesOfWhole].sort((a, b) => a - b))
  })
})

describe('what cannot be played is refused before a model is trained', () => {
  const header = 'time,id,class,breedCount,purity,eyes,ears,mouth,horn,back,tail,priceUsd'
  const row = '1649639067,5016355,Aquatic,0,83,eyes-scar,ears-inkling,mouth-risky-fish,horn-oranda,back-anemone,tail-koi,21'
  const refusalOf = async (...lines: string[]): Promise<string> => {
    const file = join(directory, 'bad.csv')
    writeFileSync(file, `${lines.join('\n')}\n`)
    const args = parseBacktestArguments(['--sales', file])
    const progress = { show: () => {}, end: () => {} }
    return runBacktest(args, { env: {}, backend: 'wasm', progress }).then(
      () => 'accepted',
      (error: Error) => error.message.replace(directory, ''),
    )
  }

  test.each([
    ['wrong columns', [header.replace(',tail', ''), row], '/bad.csv: expected the columns'],
    ['a bad number', [header, row, row.replace(/21$/, '2,1')], '/bad.csv row 3'],
    ['a bad price', [header, row, row.replace(/21$/, '-3')], '/bad.csv row 3: priceUsd: expected dollars'],
    ['unsorted times', [header, row, row.replace('1649639067', '1649639066')], '/bad.csv row 3: expected rows sorted by time'],
    [
      'times with a zone',
      [header, row.replace('1649639067', '2022-04-11T01:04:27+02:00')],
      '/bad.csv row 2: expected time in unix seconds, which have no time zone',
    ],
    [
      'times in milliseconds',
      [header, row.replace('1649639067', '1649639067000')],
      '/bad.csv row 2: expected time in unix seconds, found 1649639067000',
    ],
    ['an hour of sales', [header, row], 'expected three days of history and something to play'],
  ])('%s: says file and row, what was expected and what was found', async (_, lines, message) => {
    expect(await refusalOf(...lines)).toContain(message)
  })

  test('a rules file with a mistake: where it is', () => {
    const file = join(directory, 'rules.yaml')
    writeFileSync(file, 'version: 1\nname: mine\nrules:\n  - name: cheap\n    when: ask.dollars < 5\n')
    expect(() => parseBacktestArguments(['--sales', salesFile, '--rules', file])).toThrow(/rules\.yaml:5:/)
  })

  test('of several files all are played, as a shell lists them', () => {
    const { input } = parseBacktestArguments(['--seed', '2', '--sales', salesFile, salesFile, '--sales', salesFile])
    expect(input).toMatchObject({ kind: 'sales', files: [salesFile, salesFile, salesFile] })
  })

  test.each([
    [[], '--sales FILE.csv or --archive URI is missing'],
    [['--sales', '/no/such.csv'], 'no file /no/such.csv'],
    [['sales.csv'], 'no file sales.csv'],
    [['--from', '2022-04-16T12:00:00'], '--from: expected a time with its zone'],
    [['--from', '2022-04-17', '--to', '2022-04-16'], 'is not before --to'],
    [['--delay=-1'], '--delay: expected a number from 0 up, found -1'],
    [['--fee', ''], '--fee: expected a number from 0 to 0.5'],
    [['--positions', '1.5'], '--positions: expected a whole number'],
    [['--rules', 'magic'], '--rules: expected default, live, classic or a file'],
    [['--beside', 'magic'], '--beside: expected default, live, classic or a file'],
    [['--sell-chance', '1.5'], '--sell-chance: expected a number from 0 to 1, found 1.5'],
    [['--liquidation=-0.1'], '--liquidation: expected a number from 0 to 1, found -0.1'],
    [['--draws', '5'], '--draws: expected a whole number from 20 to 10000'],
    [['--sweep', 'luck=1:2:1'], '--sweep: expected NAME=FROM:TO:STEP'],
    [['--cut', '2022-04-16'], '--cut needs --check-lookahead'],
    [['--archive', 'x'], '--sales and --archive are two inputs'],
    [['--sails', 'x'], "Unknown option '--sails'"],
  ])('%j is wrong usage: %s', (argv, message) => {
    const given = argv.length === 0 || argv[0] === '--sales' ? argv : ['--sales', salesFile, ...argv]
    expect(() => parseBacktestArguments(given)).toThrow(UsageError)
    expect(() => parseBacktestArguments(given)).toThrow(message)
  })
})
