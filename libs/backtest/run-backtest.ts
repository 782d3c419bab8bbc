import type { BackendChoice } from '#lib/model/network/tfjs-runtime.ts'
import { classicRules, defaultRules, earlierDefaultRules } from '#lib/rules/presets.ts'
import { type RuleSet, rulesHashOf } from '#lib/rules/rule-set.ts'
import { openArchive } from '#lib/running/open-archive.ts'
import type { BacktestArguments } from './backtest-arguments.ts'
import { withJoinedSales } from './join-sales.ts'
import { createSaleBook } from './money/sale-book.ts'
import { playArchive } from './play-archive.ts'
import { playSales } from './play-sales.ts'
import type { Played, PlayOptions } from './played.ts'
import type { ProgressBar } from './progress.ts'
import { assess, type BacktestResult } from './result.ts'
import { sweepPoints } from './sweep.ts'

export type BacktestContext = Readonly<{ env: Readonly<Record<string, string | undefined>>; backend: BackendChoice; progress: ProgressBar }>

/** Plays, then judges. Errors are those of play-sales.ts and play-archive.ts. */
export async function runBacktest(args: BacktestArguments, { env, backend, progress }: BacktestContext): Promise<BacktestResult> {
  const { input, execution, seed } = args
  const points = sweepPoints(args.sweep, args.rules ?? defaultRules, execution)
  const beside = eachOnce([...args.beside, earlierDefaultRules, classicRules])
  const alternatives = eachOnce([...beside, ...points.map(({ rules }) => rules)])
  const played = await play(args, { ...args, alternatives, backend, progress }, env)
  progress.show(1, 'judging')
  const hashes = alternatives.map(rulesHashOf)
  const placeOf = (rules: RuleSet): number => 1 + hashes.indexOf(rulesHashOf(rules))
  const own = rulesHashOf(played.ruleSets[0])
  return assess({
    name: input.kind === 'sales' ? input.files.join(', ') : input.uri,
    kind: input.kind,
    played,
    book: createSaleBook(played.events),
    execution,
    beside: beside.filter((rules) => rulesHashOf(rules) !== own).map((rules) => ({ name: nameOf(rules), ruleSet: placeOf(rules) })),
    sweep: points.map((point) => ({ point, ruleSet: placeOf(point.rules) })),
    seed,
  })
}

async function play(args: BacktestArguments, options: PlayOptions, env: BacktestContext['env']): Promise<Played> {
  const { input, seed, lookahead } = args
  if (input.kind === 'sales')
    return withJoinedSales(input.files, (salesFile) => playSales({ ...options, salesFile, source: input.source, seed, lookahead }))
  const opened = await openArchive(input.uri, env)
  try {
    return await playArchive(opened, options)
  } finally {
    await opened.close()
  }
}

/** It has the name of the default that took its place. */
const nameOf = (rules: RuleSet): string => (rules === earlierDefaultRules ? 'earlier default' : rules.name)

const eachOnce = (ruleSets: readonly RuleSet[]): RuleSet[] => [
  ...new Map(ruleSets.map((ruleSet) => [rulesHashOf(ruleSet), ruleSet])).values(),
]
