import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { UsageError } from '#lib/app/usage-error.ts'
import { dayMillis } from '#lib/clock/durations.ts'
import { axieAttributeFeatures } from '#lib/features/axie-v3.ts'
import { readSalesFile } from '#lib/market/sale-csv.ts'
import { startTensorRuntime } from '#lib/model/network/tfjs-runtime.ts'
import { createMemoryStore } from '#lib/objectstore/memory-store.ts'
import { defaultRules } from '#lib/rules/presets.ts'
import type { MarketEvent, Source } from '#schemas/types.ts'
import { candidateOf } from './candidate-of.ts'
import { compareTraces, createTracer, type LookaheadResult, type Traced, type Tracer } from './lookahead.ts'
import type { Candidate } from './money/candidate.ts'
import type { Played, PlayOptions } from './played.ts'
import { type DayModel, openWalk, type WalkForwardOptions, type WalkForwardProgress, walkForward } from './walk-forward.ts'
import { checkWithinSecond } from './within-second.ts'

export type PlaySalesOptions = PlayOptions &
  Readonly<{
    salesFile: string
    source: Source
    seed: number
    /** Where the look-ahead check cuts, milliseconds; null: it is not made. */
    lookahead: number | 'middle' | null
  }>

type Span = Played['span']
type Sales = Readonly<{ salesFile: string; events: readonly MarketEvent[] }>

/** Days with sales before the first that is played; the first of them may begin anywhere in it. */
const daysOfHistory = 3
const featureNames = axieAttributeFeatures.features.map(({ name }) => name)
/** Played again with what comes in them changed. */
const sampledSeconds = 8
/** A listing lies a millisecond before the second of its sale. */
const listingMargin = 1_001

/**
 * A file of sales, walked forward by day. UsageError where the span does not fit the file; RejectedError (bad_sales_file, too_few_sales,
 * data_refused) with file and row where it cannot be used.
 */
export async function playSales(options: PlaySalesOptions): Promise<Played> {
  const { salesFile, source, progress } = options
  const events = await readSales(salesFile, source)
  const span = spanOf(events, options)
  const cutAt = cutOf(span, options.lookahead)
  const runtime = await startTensorRuntime(options.backend)
  const rules = options.rules ?? defaultRules
  const common = { ...options, backend: runtime.backend, rules, from: span.from }

  const candidates: Candidate[] = []
  const refused: Record<string, number> = {}
  const tracer = cutAt === null ? null : createTracer()
  /** The share of the whole time. */
  const wholeShare = cutAt === null ? 1 : 1 / (1 + (cutAt - span.from) / (span.to - span.from))
  const store = createMemoryStore()
  const models = await walkForward({
    ...common,
    store,
    events,
    to: span.to,
    onProgress: (walked) => progress.show(wholeShare * shareDone(walked), doing(walked)),
    onDecided(decided) {
      candidates.push(candidateOf(decided))
      tracer?.onDecided(decided)
    },
    ...(tracer === null ? {} : { onFeatures: tracer.onFeatures }),
    onRefused(stage, code) {
      refused[`${stage} ${code}`] = (refused[`${stage} ${code}`] ?? 0) + 1
    },
  })
  const lookahead =
    cutAt === null || tracer === null
      ? null
      : {
          ...(await playCut({ salesFile, events }, { cutAt, source, trace: tracer.trace, models }, (cut, cutTracer) =>
            walkForward({
              ...common,
              ...cut,
              ...cutTracer,
              to: cutAt,
              onProgress: (walked) =>
                progress.show(wholeShare + (1 - wholeShare) * shareDone(walked), `cut at ${iso(cutAt)}: ${doing(walked)}`),
            }),
          )),
          withinSecond: await checkWithinSecond({
            events,
            models,
            featureNames,
            samples: sampledSeconds,
            open: ({ onFeatures, onDecided }) =>
              openWalk({ ...common, store, alternatives: [], onFeatures, onDecided, onRefused: () => {} }),
            onProgress: (share) => progress.show(0.99, `within seconds: ${Math.round(share * 100)}%`),
          }),
        }
  return {
    events,
    candidates,
    refused,
    span,
    source,
    backend: runtime,
    models,
    ruleSets: [rules, ...options.alternatives],
    race: 'assumed',
    lookahead,
    recordedAlerts: null,
  }
}

export async function readSales(file: string, source: Source): Promise<MarketEvent[]> {
  const events: MarketEvent[] = []
  for await (const event of readSalesFile(file, { source })) events.push(event)
  return events
}

/** What is played of a file of sales. UsageError where it does not fit. */
export function spanOf(events: readonly MarketEvent[], { from, to }: Pick<PlayOptions, 'from' | 'to'>): Span {
  const [first, last] = [events[0]?.eventTime ?? 0, events.at(-1)?.eventTime ?? 0]
  const span = {
    from: from ?? (Math.floor(first / dayMillis) + daysOfHistory) * dayMillis,
    to: Math.min(to ?? last + 1, last + 1),
  }
  if (span.from > first && span.from < span.to) return span
  const expected =
    from === null ? 'three days of history and something to play; give --from TIME' : '--from and --to within it, and history before --from'
  throw new UsageError(`the sales go from ${iso(first)} to ${iso(last)}: expected ${expected}`)
}

function cutOf({ from, to }: Span, lookahead: PlaySalesOptions['lookahead']): number | null {
  const cutAt = lookahead === 'middle' ? Math.floor((from + to) / 2_000) * 1_000 : lookahead
  if (cutAt !== null && (cutAt <= from || cutAt >= to)) throw new UsageError(`--cut ${iso(cutAt)} is not within what is played`)
  return cutAt
}

type Whole = Readonly<{ cutAt: number; source: Source; trace: readonly Traced[]; models: readonly DayModel[] }>
type PlayCut = (cut: Pick<WalkForwardOptions, 'salesFile' | 'events'>, tracer: Tracer) => Promise<readonly DayModel[]>

/** Plays a file that ends at the cut, and compares. */
async function playCut(
  sales: Sales,
  { cutAt, source, trace, models }: Whole,
  play: PlayCut,
): Promise<Omit<LookaheadResult, 'withinSecond'>> {
  const directory = await mkdtemp(join(tmpdir(), 'flipstream-cut-'))
  try {
    const salesFile = join(directory, 'cut.csv')
    const count = sales.events.filter(({ eventTime }) => eventTime < cutAt).length
    // One row is one line: checked by reading it back.
    const lines = (await readFile(sales.salesFile, 'utf8')).split('\n').slice(0, count + 1)
    await writeFile(salesFile, `${lines.join('\n')}\n`)
    const events = await readSales(salesFile, source)
    if (events.length !== count) throw new UsageError(`--check-lookahead: expected one line for each sale in ${sales.salesFile}`)
    const tracer = createTracer()
    const cutModels = await play({ salesFile, events }, tracer)
    const result = compareTraces(trace, tracer.trace, { cutAt, margin: listingMargin, featureNames })
    const another = cutModels.find(({ modelId }, index) => modelId !== models[index]?.modelId)
    return { ...result, models: { compared: cutModels.length, differing: another?.from ?? null } }
  } finally {
    await rm(directory, { recursive: true })
  }
}

/** Training a day takes about twice as long as playing it. */
function shareDone({ day, days, training }: WalkForwardProgress): number {
  if (training === null) return (day - 1 + 0.65) / days
  const within = training.done / Math.max(1, training.total)
  const [before, share] = { items: [0, 0.15], features: [0.15, 0.1], fitting: [0.25, 0.4], rivals: [0.65, 0], report: [0.65, 0] }[
    training.stage
  ] as [number, number]
  return (day - 1 + before + share * within) / days
}

const doing = ({ day, days, training }: WalkForwardProgress): string =>
  training === null
    ? `day ${day} of ${days}: playing`
    : `day ${day} of ${days}: ${training.stage === 'fitting' ? `step ${training.done} of at most ${training.total}` : training.stage}`

const iso = (millis: number): string => new Date(millis).toISOString()
