/**
 * How fast a backtest plays a market, on one core with the WASM backend.
 *
 * A model is trained on the first 40% of the sales; the rest is played, each sale as a listing and a sale (half and half), through
 * enricher, featurizer, scorer and alerter: in the chain that the backtest uses, and, for comparison, as apps on the log in memory, with
 * Avro between the stages. Rates are given by the clock and by CPU time; on a busy machine only the second says something about the code.
 */

import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { run as sample } from '#app/cli/sample/main.ts'
import { embeddedStarter } from '#app/cli/up/embedded.ts'
import { createChain } from '#lib/backtest/chain.ts'
import { withListings } from '#lib/backtest/listings-from-sales.ts'
import { systemClock } from '#lib/clock/clock.ts'
import { createCodec } from '#lib/codec/codec.ts'
import { createMemoryRegistry } from '#lib/codec/registry.ts'
import { featureSetOf } from '#lib/features/feature-sets.ts'
import { reasonOf } from '#lib/features/reasons.ts'
import { pricingStages } from '#lib/market/consumers.ts'
import { marketKey, modelPromotedEvent } from '#lib/market/event.ts'
import { readSalesFile } from '#lib/market/sale-csv.ts'
import { topicSettings } from '#lib/market/topics.ts'
import { type SealedBundle, saveBundle } from '#lib/model/bundle/bundle.ts'
import { createMemoryStore } from '#lib/objectstore/memory-store.ts'
import { createRulesStore } from '#lib/rules/rules-store.ts'
import { createAlerterProcessor } from '#lib/stages/alerter.ts'
import { createEnricherProcessor } from '#lib/stages/enricher.ts'
import { createFeaturizerProcessor } from '#lib/stages/featurizer.ts'
import { createItemModelCache } from '#lib/stages/item-model-cache.ts'
import { createModelCache } from '#lib/stages/model-cache.ts'
import { createScorerProcessor } from '#lib/stages/scorer.ts'
import { createMemoryLog } from '#lib/stream/memory/memory-log.ts'
import type { Input, Processor, Result } from '#lib/stream/processor.ts'
import { publishModel } from '#lib/training/publish.ts'
import { trainFromSales } from '#lib/training/train-from-sales.ts'
import { defaultTrainingSettings, fastTrainingSettings } from '#lib/training/training-settings.ts'
import type { MarketEvent } from '#schemas/types.ts'
import { recordedSales } from '../../tests/market-data.ts'
import { scriptOptions } from '../script-options.ts'
import { loadNow, machineName } from './machine.ts'
import { recordFigures } from './measurement.ts'

const help = `npm run bench:replay [-- options]: how fast a backtest plays a market, on one core

  --sales FILE.csv   recorded sales (default: generated ones)
  --runs 3           median and spread are told
  --fast             with the settings of the walk-forward
  --json             the result as JSON
  --record           write the figures to bench/results (docs/numbers.md)`

const { values } = scriptOptions(help, {
  sales: { type: 'string' },
  runs: { type: 'string' },
  fast: { type: 'boolean' },
  json: { type: 'boolean' },
  record: { type: 'boolean' },
})
/** The settings of `flipstream train`, or, with --fast, those that the walk-forward uses. */
const settings = values.fast === true ? fastTrainingSettings : defaultTrainingSettings
const runs = Number(values.runs ?? 3)
const trainedShare = 0.4
/** The log in memory keeps everything. */
const maxEventsOnLog = 20_000
const say = (line: string): void => void process.stderr.write(`${line}\n`)

type Market = Readonly<{ bundle: SealedBundle; history: readonly MarketEvent[]; live: readonly MarketEvent[] }>
type Measured = Readonly<{ perSecond: number; perCpuSecond: number }>

async function market(): Promise<{ name: string; market: Market }> {
  const directory = mkdtempSync(join(tmpdir(), 'flipstream-bench-'))
  try {
    const name = values.sales ?? (process.env['FLIPSTREAM_DATA'] ? recordedSales() : join(directory, 'generated.csv'))
    if (!existsSync(name)) writeFileSync(name, await generated())
    const events: MarketEvent[] = []
    for await (const event of readSalesFile(name)) events.push(event)
    const from = (events[Math.floor(events.length * trainedShare)] as MarketEvent).eventTime
    say(`training on the sales before ${new Date(from).toISOString()}`)
    const data = { kind: 'file', file: name, part: { until: from }, source: 'recorded' } as const
    const { bundle } = await trainFromSales({ data, backend: 'wasm', settings })
    const promotion = { modelId: bundle.modelId, featureSetHash: bundle.manifest.featureSet.hash, reason: 'bench' }
    const history = events.filter(({ eventTime }) => eventTime < from)
    const promoted = modelPromotedEvent(promotion, {
      observedAt: (events[0] as MarketEvent).observedAt - 1,
      origin: 'live',
      source: 'recorded',
    })
    return { name, market: { bundle, history: [promoted, ...history], live: [...withListings(events.slice(history.length))] } }
  } finally {
    rmSync(directory, { recursive: true })
  }
}

async function generated(): Promise<string> {
  const output = new PassThrough()
  const written = text(output)
  await sample(['--days', '8', '--seed', '1'], output)
  output.end()
  return written
}

async function measure(count: number, act: () => Promise<unknown>): Promise<Measured> {
  const [started, cpu] = [performance.now(), process.cpuUsage()]
  await act()
  const { user, system } = process.cpuUsage(cpu)
  return { perSecond: (1_000 * count) / (performance.now() - started), perCpuSecond: (1e6 * count) / (user + system) }
}

async function playChain({ bundle, history, live }: Market): Promise<Measured & { listings: number }> {
  const store = createMemoryStore()
  await saveBundle(store, bundle)
  let listings = 0
  const chain = createChain({
    models: createModelCache({ store, capacity: 2 }),
    itemModels: createItemModelCache({ store }),
    rules: createRulesStore(store),
    backend: 'wasm',
    codeVersion: 'bench',
    partitions: 3,
    onDecided: () => listings++,
  })
  await chain.play(history)
  return { ...(await measure(live.length, () => chain.play(live))), listings }
}

/** The same processors one after the other, each over everything: microseconds of CPU for one listing. */
async function stageMicros({ bundle, history, live }: Market): Promise<Record<string, number>> {
  const store = createMemoryStore()
  await saveBundle(store, bundle)
  const [models, itemModels] = [createModelCache({ store, capacity: 2 }), createItemModelCache({ store })]
  await models.load([bundle.modelId])
  await itemModels.load(history)
  const micros: Record<string, number> = {}
  const timed = <In, Out, State>(name: string, processor: Processor<In, Out, State>, state: State, inputs: readonly In[]): Out[] => {
    const cpu = process.cpuUsage()
    const outputs: Out[] = []
    for (let from = 0; from < inputs.length; from += 256)
      for (const result of processor.process(inputs.slice(from, from + 256).map(inputOf), state)) outputs.push(...valuesOf(result))
    const { user, system } = process.cpuUsage(cpu)
    micros[name] = (user + system) / Math.max(1, outputs.length)
    return outputs
  }
  const enricher = createEnricherProcessor({ itemModels })
  const market = enricher.initial(undefined)
  for (const event of history) enricher.process([inputOf(event)], market)
  const enriched = timed('enricher, with the sale beside each', enricher, market, live)
  const featurized = timed('featurizer', createFeaturizerProcessor(), null, enriched)
  const scorer = createScorerProcessor({ model: models.get, featureSet: featureSetOf, reasonOf, backend: 'wasm', codeVersion: 'bench' })
  const scored = timed('scorer', scorer, null, featurized)
  const alerter = createAlerterProcessor({ ruleSet: createRulesStore(createMemoryStore()).known })
  const cpu = process.cpuUsage()
  alerter.process(scored.map(inputOf), alerter.initial(undefined))
  const { user, system } = process.cpuUsage(cpu)
  micros['alerter'] = (user + system) / scored.length
  return micros
}

const inputOf = <Value>(value: Value): Input<Value> => ({
  value,
  record: { topic: 'bench', partition: 0, offset: 0, timestamp: 0, key: null, headers: {} },
})
const valuesOf = <Value>(result: Result<Value>): Value[] => (result.type === 'emit' ? result.outputs.map(({ value }) => value) : [])

/** The apps as they run, in this process, on the log in memory. */
async function playOnLog({ bundle, history, live }: Market): Promise<Measured> {
  const [log, codec, store] = [
    createMemoryLog({ clock: systemClock }),
    createCodec({ registry: createMemoryRegistry() }),
    createMemoryStore(),
  ]
  await log.admin().createTopics(topicSettings('', { partitions: 3 }))
  await publishModel({ log, codec, store, prefix: '' }, bundle)
  await codec.prepare(['MarketEvent'])
  const send = (events: readonly MarketEvent[]) =>
    log.producer().send(events.map((event) => ({ topic: 'market.events', key: marketKey, value: codec.encode('MarketEvent', event) })))
  const start = embeddedStarter({ environment: { TF_BACKEND: 'wasm', LOG_LEVEL: 'error' }, prefix: '', log, codec, store })
  const played = live.slice(0, maxEventsOnLog)
  const listings = played.filter(({ payload }) => 'flipstream.Listing' in payload).length
  let scored = 0
  const following = await log.follow(['listings.scored'], async (records) => {
    scored += records.length
  })
  await send(history)
  const apps = pricingStages.map((name) => start(name))
  await Promise.all(apps.map((app) => app.started))
  const enricher = async () =>
    Object.entries((await apps[0]?.metrics())?.values ?? {}).reduce(
      (sum, [name, value]) => sum + (name.startsWith('records_total') ? value : 0),
      0,
    )
  while ((await enricher()) < history.length) await systemClock.sleep(50)
  const rate = await measure(played.length, async () => {
    await send(played)
    while (scored < listings) await systemClock.sleep(5)
  })
  for (const app of apps.reverse()) await app.stop()
  await following.stop()
  await log.close()
  return rate
}

const spread = (rates: readonly number[]): string => {
  const sorted = [...rates].sort((a, b) => a - b)
  const whole = (rate: number | undefined) => Math.round(rate ?? Number.NaN).toLocaleString('en')
  return `${whole(sorted[sorted.length >> 1])} (${whole(sorted[0])} to ${whole(sorted.at(-1))})`
}

const { name, market: played } = await market()
const chain: Awaited<ReturnType<typeof playChain>>[] = []
for (let run = 1; run <= runs; run++) {
  say(`chain: run ${run} of ${runs}`)
  chain.push(await playChain(played))
}
const onLog: Measured[] = []
for (let run = 1; run <= runs; run++) {
  say(`apps on the log in memory: run ${run} of ${runs}`)
  onLog.push(await playOnLog(played))
}
const micros = await stageMicros({ ...played, live: played.live.slice(0, maxEventsOnLog) })

const report = {
  machine: machineName(),
  load: loadNow(),
  node: process.version,
  runs,
  sales: name.split('/').at(-1),
  events: played.live.length,
  listings: chain[0]?.listings ?? 0,
  model: played.bundle.modelId,
  chain: chain.map(({ perSecond, perCpuSecond }) => ({ perSecond, perCpuSecond })),
  memoryLog: onLog,
  cpuMicrosPerListing: micros,
  rssMegabytes: Math.round(process.memoryUsage.rss() / 1e6),
}
const lines = [
  `machine ${report.machine}, load ${report.load}, Node ${report.node}, ${runs} runs: median (least to most)`,
  `${report.sales}: ${report.events} events, of them ${report.listings} listings and ${report.events - report.listings} sales; model ${report.model}, WASM`,
  `  chain, events/s                        ${spread(chain.map(({ perSecond }) => perSecond))}`,
  `  chain, events per second of CPU        ${spread(chain.map(({ perCpuSecond }) => perCpuSecond))}`,
  `  apps on the log in memory, events/s    ${spread(onLog.map(({ perSecond }) => perSecond))}`,
  `  the same, per second of CPU            ${spread(onLog.map(({ perCpuSecond }) => perCpuSecond))}`,
  `  CPU for one listing, µs                ${Object.entries(micros)
    .map(([stage, value]) => `${stage} ${value.toFixed(0)}`)
    .join('; ')}`,
  `  RSS at the end, MB                     ${report.rssMegabytes}`,
]
if (values.record === true)
  recordFigures('speed/replay', `npm run bench:replay -- --runs ${runs}${values.fast === true ? ' --fast' : ''}`, [
    ['events/s by the clock', spread(chain.map(({ perSecond }) => perSecond))],
    ['events per second of processor time', spread(chain.map(({ perCpuSecond }) => perCpuSecond))],
    ['apps on the log in memory, Avro between them, events/s', spread(onLog.map(({ perSecond }) => perSecond))],
    ...Object.entries(micros).map(([stage, value]) => [`processor time a listing, µs: ${stage}`, value.toFixed(0)] as const),
  ])
process.stdout.write(values.json ? `${JSON.stringify(report)}\n` : `${lines.join('\n')}\n`)
process.exit()
