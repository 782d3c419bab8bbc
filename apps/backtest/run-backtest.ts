import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { UsageError } from '#lib/app/usage-error.ts'
import { axieFeatures } from '#lib/features/axie-v1.ts'
import { dayMillis } from '#lib/market/horizons.ts'
import { readSalesFile } from '#lib/market/sale-csv.ts'
import { type BackendChoice, startTensorRuntime } from '#lib/model/tfjs-runtime.ts'
import { type RuleSet, rulesHashOf } from '#lib/rules/rule-set.ts'
import type { MarketEvent, Source } from '#schemas/types.ts'
import type { BacktestArguments } from './arguments.ts'
import { type Candidate, candidateOf } from './candidate.ts'
import { compareTraces, createTracer, type LookaheadResult, type Traced } from './lookahead.ts'
import type { ProgressBar } from './progress.ts'
import { assess, type BacktestResult } from './result.ts'
import { createSaleBook } from './sale-book.ts'
import { sweepPoints } from './sweep.ts'
import { type DayModel, type WalkForwardProgress, walkForward } from './walk-forward.ts'

export type Environment = Readonly<{ backend: BackendChoice; progress: ProgressBar }>

type Span = Readonly<{ from: number; to: number }>

const daysOfHistory = 3
/** A listing lies a millisecond before the second of its sale. */
const listingMargin = 1_001

/**
 * Reads, walks forward, judges. UsageError where the span does not fit the file; RejectedError (bad_sales_file, too_few_sales) with file
 * and row where the file cannot be used.
 */
export async function runBacktest(args: BacktestArguments, { backend, progress }: Environment): Promise<BacktestResult> {
  const { salesFile, source, rules, execution, seed } = args
  const events = await readSales(salesFile, source)
  const span = spanOf(events, args)
  const points = sweepPoints(args.sweep, rules, execution)
  const alternatives = differingFrom(
    rules,
    points.map((point) => point.rules),
  )
  const cutAt = args.lookahead === 'middle' ? Math.floor((span.from + span.to) / 2_000) * 1_000 : args.lookahead
  if (cutAt !== null && (cutAt <= span.from || cutAt >= span.to)) throw new UsageError(`--cut ${iso(cutAt)} is not within what is played`)

  const runtime = await startTensorRuntime(backend)
  const candidates: Candidate[] = []
  const refused: Record<string, number> = {}
  const shareOfWhole = cutAt === null ? 1 : 1 / (1 + (cutAt - span.from) / (span.to - span.from))
  const walk = (
    sales: Sales,
    onProgress: (walked: WalkForwardProgress) => void,
    tracer: ReturnType<typeof createTracer> | null,
    keep: boolean,
  ) =>
    walkForward({
      ...sales,
      source,
      ...span,
      to: Math.min(span.to, sales.until),
      rules,
      alternatives,
      backend: runtime.backend,
      seed,
      onProgress,
      onDecided(decided) {
        if (keep) candidates.push(candidateOf(decided))
        tracer?.onDecided(decided)
      },
      ...(tracer === null ? {} : { onFeatures: tracer.onFeatures }),
      onRefused(stage, code) {
        if (keep) refused[`${stage} ${code}`] = (refused[`${stage} ${code}`] ?? 0) + 1
      },
    })

  const tracer = cutAt === null ? null : createTracer()
  const whole = { salesFile, events, until: Number.POSITIVE_INFINITY }
  const models = await walk(whole, (walked) => progress.show(shareOfWhole * shareDone(walked), doing(walked)), tracer, true)
  const lookahead =
    cutAt === null || tracer === null
      ? null
      : await playCut(whole, cutAt, source, tracer.trace, models, async (cut, cutTracer) =>
          walk(
            cut,
            (walked) => progress.show(shareOfWhole + (1 - shareOfWhole) * shareDone(walked), `cut at ${iso(cutAt)}: ${doing(walked)}`),
            cutTracer,
            false,
          ),
        )
  progress.show(1, 'judging')
  const hashes = [rules, ...alternatives].map(rulesHashOf)
  return assess({
    salesFile,
    sales: events.length,
    source,
    backend: `${runtime.backend} (tfjs ${runtime.version})`,
    book: createSaleBook(events),
    candidates,
    refused,
    models,
    span,
    rules,
    execution,
    sweep: points.map((point) => ({ point, ruleSet: hashes.indexOf(rulesHashOf(point.rules)) })),
    seed,
    bootstrapRounds: args.bootstrapRounds,
    lookahead,
  })
}

type Sales = Readonly<{ salesFile: string; events: readonly MarketEvent[]; until: number }>

async function readSales(file: string, source: Source): Promise<MarketEvent[]> {
  const events: MarketEvent[] = []
  for await (const event of readSalesFile(file, { source })) events.push(event)
  return events
}

function spanOf(events: readonly MarketEvent[], { from, to, salesFile }: BacktestArguments): Span {
  const [first, last] = [events[0]?.eventTime ?? 0, events.at(-1)?.eventTime ?? 0]
  const span = {
    from: from ?? Math.ceil((first + daysOfHistory * dayMillis) / dayMillis) * dayMillis,
    to: Math.min(to ?? last + 1, last + 1),
  }
  if (span.from > first && span.from < span.to) return span
  const expected =
    from === null ? `three days of history and something to play; give --from TIME` : `--from and --to within it, and history before --from`
  throw new UsageError(`${salesFile} goes from ${iso(first)} to ${iso(last)}: expected ${expected}`)
}

/** Rule sets beside the one in force, each once. */
function differingFrom(rules: RuleSet, others: readonly RuleSet[]): RuleSet[] {
  const byHash = new Map(others.map((ruleSet) => [rulesHashOf(ruleSet), ruleSet]))
  byHash.delete(rulesHashOf(rules))
  return [...byHash.values()]
}

/** Plays a file that ends at the cut, and compares. */
async function playCut(
  whole: Sales,
  cutAt: number,
  source: Source,
  trace: readonly Traced[],
  models: readonly DayModel[],
  play: (cut: Sales, tracer: ReturnType<typeof createTracer>) => Promise<readonly DayModel[]>,
): Promise<LookaheadResult> {
  const directory = await mkdtemp(join(tmpdir(), 'flipstream-cut-'))
  try {
    const salesFile = join(directory, 'cut.csv')
    const count = whole.events.filter(({ eventTime }) => eventTime < cutAt).length
    // One row is one line: checked below by reading it back.
    const lines = (await readFile(whole.salesFile, 'utf8')).split('\n').slice(0, count + 1)
    await writeFile(salesFile, `${lines.join('\n')}\n`)
    const events = await readSales(salesFile, source)
    if (events.length !== count) throw new UsageError(`--check-lookahead: expected one line for each sale in ${whole.salesFile}`)
    const tracer = createTracer()
    const cutModels = await play({ salesFile, events, until: cutAt }, tracer)
    const featureNames = axieFeatures.features.map(({ name }) => name)
    const result = compareTraces(trace, tracer.trace, { cutAt, margin: listingMargin, featureNames })
    const another = cutModels.findIndex(({ modelId }, index) => modelId !== models[index]?.modelId)
    return { ...result, models: { compared: cutModels.length, differing: another < 0 ? null : (cutModels[another] as DayModel).from } }
  } finally {
    await rm(directory, { recursive: true })
  }
}

/** Training a day takes about twice as long as playing it. */
function shareDone({ day, days, training }: WalkForwardProgress): number {
  if (training === null) return (day - 1 + 0.65) / days
  const within = training.done / Math.max(1, training.total)
  return (day - 1 + (training.stage === 'features' ? 0.2 * within : 0.2 + 0.45 * within)) / days
}

const doing = ({ day, days, training }: WalkForwardProgress): string =>
  training === null
    ? `day ${day} of ${days}: playing`
    : `day ${day} of ${days}: ${training.stage === 'features' ? 'features' : `pass ${training.done} of at most ${training.total}`}`

const iso = (millis: number): string => new Date(millis).toISOString()
