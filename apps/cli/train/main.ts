import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { stringify } from 'yaml'
import { type Config, ConfigError, parseConfig, type Settings } from '#lib/app/config.ts'
import { exitCodes } from '#lib/app/exit-codes.ts'
import { UsageError } from '#lib/app/usage-error.ts'
import { systemClock } from '#lib/clock/clock.ts'
import { FatalError, RejectedError } from '#lib/errors/errors.ts'
import { bundleKey, saveBundle } from '#lib/model/bundle/bundle.ts'
import { createFileStore } from '#lib/objectstore/file-store.ts'
import { checkoutRoot } from '#lib/stack/resolve.ts'
import { openTracker, trackingSettings } from '#lib/tracking/open-tracker.ts'
import { flatten, type Tracker } from '#lib/tracking/tracker.ts'
import { publishingSettings, trainingSettings } from '#lib/training/config.ts'
import { createDatasetCache } from '#lib/training/dataset-cache.ts'
import { readHyperparameters } from '#lib/training/hyperparameters.ts'
import { createProgressLines } from '#lib/training/progress.ts'
import { saveDataset } from '#lib/training/publish.ts'
import { createInspector } from '#lib/training/report/inspector.ts'
import { formatTraining } from '#lib/training/report/report.ts'
import { dataDocsFile } from '#lib/training/report/write-report.ts'
import type { SalesSource } from '#lib/training/sales/sales-source.ts'
import { type Training, trainFromSales } from '#lib/training/train-from-sales.ts'
import { defaultTrainingSettings, fastTrainingSettings } from '#lib/training/training-settings.ts'
import { acceptedFile, readAccepted, writeAccepted } from '#lib/validation/accepted.ts'
import { profileRows } from '#lib/validation/profile.ts'
import type { Source } from '#schemas/types.ts'
import { datasetCacheBytes, parseTrainArguments, type TrainArguments, trainHelp } from './arguments.ts'
import type { Promotion } from './promote-if-better.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** `flipstream train`. Everything that can be wrong with arguments and environment is said before the first row is read. */
export async function run(argv: readonly string[], env: Environment): Promise<number> {
  if (argv.includes('--help') || argv.includes('-h')) {
    process.stdout.write(trainHelp)
    return exitCodes.done
  }
  if (argv.includes('--show-settings')) {
    process.stdout.write(stringify(argv.includes('--fast') ? fastTrainingSettings : defaultTrainingSettings))
    return exitCodes.done
  }
  const options = parseTrainArguments(argv)
  const { settingsFile } = options
  const defaults = options.fast ? fastTrainingSettings : defaultTrainingSettings
  const settings = settingsFile === null ? defaults : readHyperparameters(settingsFile, defaults)
  const { TF_BACKEND } = configOf(trainingSettings, env)
  const tracker = openTracker(configOf(trackingSettings, env))
  const publishing = options.publish ? configOf(publishingSettings, env) : null
  try {
    const startedAt = systemClock.now()
    const { reportFile, compare } = options
    const onProgress = progressTo(process.stderr)
    const { inspect, features } = createInspector({ reportFile, onProgress, say })
    const cache = options.useCache ? openCache() : null
    const referenceOf = compare ? (source: Source) => readAccepted(acceptedFile(checkoutRoot, source)) : undefined
    const training = await withData(options.data, env, (data) =>
      trainFromSales({
        ...options,
        data,
        cache,
        inspect,
        settings,
        referenceOf,
        withRivals: reportFile !== null,
        backend: TF_BACKEND,
        onProgress,
      }),
    )
    const stored = await store(options, publishing, training)
    const { source, rows } = training.sales
    if (compare) await writeAccepted(acceptedFile(checkoutRoot, source), profileRows(rows, features()))
    process.stdout.write(
      options.json ? `${JSON.stringify(toJson(training, stored))}\n` : `${formatTraining(training)}${stored.lines.join('\n')}\n`,
    )
    await writeDown(tracker, training, { startedAt, reportFile })
    return exitCodes.done
  } catch (error) {
    if (!(error instanceof RejectedError || error instanceof FatalError)) throw error
    process.stderr.write(`${error.message}\n`)
    return exitCodes.failed
  }
}

const say = (line: string): void => void process.stderr.write(`${line}\n`)

const openCache = () =>
  createDatasetCache({ directory: join(checkoutRoot, '.flipstream', 'datasets'), maxBytes: datasetCacheBytes, clock: systemClock, say })

async function withData<Value>(data: TrainArguments['data'], env: Environment, use: (data: SalesSource) => Promise<Value>): Promise<Value> {
  if (data.kind === 'file') return use(data)
  // Kafka's and S3's clients are of no use to those who train on a file.
  const { openArchive } = await import('#lib/running/open-archive.ts')
  const { archive, close } = await openArchive(data.uri, env)
  try {
    return await use({ ...data, archive })
  } finally {
    await close()
  }
}

function configOf<S extends Settings>(settings: S, env: Environment): Config<S> {
  try {
    return parseConfig(settings, env)
  } catch (error) {
    throw error instanceof ConfigError ? new UsageError(`flipstream train cannot start:\n${error.message}`) : error
  }
}

/** A line a second is enough where lines stay; a terminal's line is written over. */
function progressTo(stream: NodeJS.WriteStream) {
  const lineOf = createProgressLines()
  let lastWritten = Number.NEGATIVE_INFINITY
  return (progress: Parameters<typeof lineOf>[0]): void => {
    const line = lineOf(progress)
    if (stream.isTTY) stream.write(`\r\u001b[K${line}${progress.stage === 'fitting' && progress.done === progress.total ? '\n' : ''}`)
    else if (performance.now() - lastWritten > 1_000) {
      lastWritten = performance.now()
      stream.write(`${line}\n`)
    }
  }
}

/** The model is stored by now: where the tracker is away, that is said, and the exit code tells. */
async function writeDown(
  tracker: Tracker,
  { bundle }: Training,
  { startedAt, reportFile }: Readonly<{ startedAt: number; reportFile: string | null }>,
): Promise<void> {
  const { modelId, manifest, manifestBytes } = bundle
  const pages = reportFile === null ? [] : [reportFile, dataDocsFile(reportFile)]
  const { kind, featureSet, source, dataset, trainedFrom, trainedUntil, training, metrics } = manifest
  await tracker.record({
    name: modelId,
    startedAt,
    endedAt: systemClock.now(),
    parameters: flatten({ kind, featureSet, source, dataset, trainedFrom, trainedUntil, ...training }),
    metrics: Object.fromEntries(Object.entries(metrics).filter(([, value]) => Number.isFinite(value))),
    artifacts: [
      { path: 'manifest.json', bytes: manifestBytes },
      ...pages.map((file) => ({ path: basename(file), bytes: readFileSync(file) })),
    ],
  })
  process.stderr.write(`written down: ${tracker.place}\n`)
}

type Stored = Readonly<{ promotion: Promotion | null; lines: readonly string[] }>

/** With a line for each place the bundle was written to, and for what became of it there. */
async function store(
  { outDirectory, promote }: TrainArguments,
  publishing: Config<typeof publishingSettings> | null,
  training: Training,
): Promise<Stored> {
  const { bundle, sales } = training
  const place = bundleKey(bundle.modelId, '')
  const lines: string[] = []
  if (outDirectory !== null) {
    const store = createFileStore({ directory: outDirectory })
    await saveDataset(store, sales.dataset)
    await saveBundle(store, bundle)
    lines.push(`written to ${outDirectory}/${place}`)
  }
  if (publishing === null) return { promotion: null, lines: lines.length > 0 ? lines : ['not stored: give --out DIR or --publish'] }
  // Kafka's and S3's clients are of no use to those who only train.
  const { publishToServers } = await import('./publish-to-servers.ts')
  const promotion = await publishToServers(publishing, training, promote)
  lines.push(`published to ${publishing.S3_BUCKET}/${place} and announced`)
  if (promotion !== null) lines.push(`${promotion.promote ? 'promoted' : 'NOT promoted'}: ${promotion.why}`)
  return { promotion, lines }
}

function toJson({ bundle, report }: Training, { promotion }: Stored) {
  const { modelId, sha256, manifest } = bundle
  const { featureSet, source, trainedFrom, trainedUntil } = manifest
  return { modelId, sha256, featureSetHash: featureSet.hash, source, trainedFrom, trainedUntil, ...report, promotion }
}
