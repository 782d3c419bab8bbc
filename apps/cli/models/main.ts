import { exitCodes } from '#lib/app/exit-codes.ts'
import { UsageError } from '#lib/app/usage-error.ts'
import { allComparisonsOf, compareModels, type ModelsBeside } from '#lib/decisions/compare-models.ts'
import { holdLearning } from '#lib/decisions/hold-learning.ts'
import { promoteModel } from '#lib/decisions/promote-model.ts'
import { type Models, predecessorOf, readModels } from '#lib/decisions/read-models.ts'
import { FatalError, RejectedError } from '#lib/errors/errors.ts'
import { featureSets } from '#lib/features/feature-sets.ts'
import { topicName } from '#lib/market/topics.ts'
import { BundleError, readBundle } from '#lib/model/bundle/bundle.ts'
import { startTensorRuntime } from '#lib/model/network/tfjs-runtime.ts'
import { type Backend, openBackend } from '#lib/running/backend.ts'
import { prefixOfChoice } from '#lib/running/runs.ts'
import { checkoutRoot, resolveStack } from '#lib/stack/resolve.ts'
import { type ModelsArguments, modelsHelp, parseModelsArguments } from './arguments.ts'
import { formatCompared, formatHold, formatModel, formatModels, standingOf } from './format.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** `flipstream models`. */
export async function run(argv: readonly string[], env: Environment): Promise<number> {
  if (argv.includes('--help') || argv.includes('-h')) {
    process.stdout.write(modelsHelp)
    return exitCodes.done
  }
  const options = parseModelsArguments(argv)
  const prefix = prefixOfChoice(checkoutRoot, { run: options.run, prefix: env['PREFIX'] })
  try {
    const stack = await resolveStack({ env, onProgress: (line) => void process.stderr.write(`${line}\n`), allowEmbedded: false })
    const backend = openBackend(stack, { root: checkoutRoot, clientId: `${prefix}models` })
    try {
      await requireTopics(backend, prefix)
      process.stdout.write(await answer(options, backend, prefix))
      return exitCodes.done
    } finally {
      await backend.close()
    }
  } catch (error) {
    if (!(error instanceof RejectedError || error instanceof FatalError || error instanceof BundleError)) throw error
    process.stderr.write(`${error.message}\n`)
    return exitCodes.failed
  }
}

async function requireTopics({ log }: Backend, prefix: string): Promise<void> {
  const admin = log.admin()
  const existing = await admin.listTopics().finally(() => admin.close())
  const wanted = topicName(prefix, 'models')
  if (!existing.includes(wanted))
    throw new UsageError(`models: there is no topic ${wanted}. Name a run with --run (flipstream runs ls lists them), or set PREFIX`)
}

async function answer(options: ModelsArguments, backend: Backend, prefix: string): Promise<string> {
  const { json } = options
  if (options.action === 'promote') return promote(backend, prefix, options.modelId, options)
  if (options.action === 'hold' || options.action === 'release') {
    const result = await holdLearning({ ...backend, prefix }, { isHeld: options.action === 'hold', reason: options.reason })
    return json ? `${JSON.stringify(result)}\n` : formatHold(result)
  }
  const models = await readModels({ ...backend, prefix })
  if (options.action === 'rollback') {
    const before = predecessorOf(models)
    if (before === null)
      throw new RejectedError('no_predecessor', 'rollback: no other model was in force before; flipstream models promote ID')
    return promote(backend, prefix, before, { ...options, reason: `rollback: ${options.reason}` })
  }
  if (options.action === 'ls') return list(models, json)
  if (options.action === 'compare') {
    const compared = compareModels(models, options.modelId, options.against)
    const [newest, ...earlier] = compared.map(forJson).reverse()
    return json ? `${JSON.stringify({ ...newest, earlier })}\n` : formatCompared(compared)
  }
  return show(backend, models, options.modelId, json)
}

function list(models: Models, json: boolean): string {
  if (!json) return formatModels(models)
  const listed = [...models.announced.values()].map((model) => ({ ...model, standing: standingOf(models, model.modelId) }))
  return `${JSON.stringify({ models: listed, promotions: models.promotions, held: models.held })}\n`
}

async function show({ store }: Backend, models: Models, modelId: string, json: boolean): Promise<string> {
  const { manifest } = await readBundle(store, modelId)
  const compared = allComparisonsOf(models, modelId)
  if (!json) return formatModel(models, { modelId, manifest, compared })
  const standing = standingOf(models, modelId)
  return `${JSON.stringify({ modelId, standing, ...manifest, model: undefined, compared: compared.map(forJson) })}\n`
}

/** Bounds are without end before anything is known: JSON has no word for that but null. */
const forJson = ({ lower, upper, ...verdict }: ModelsBeside) => ({
  ...verdict,
  lower: Number.isFinite(lower) ? lower : null,
  upper: Number.isFinite(upper) ? upper : null,
})

type Promoting = Readonly<{ reason: string; json: boolean }>

async function promote(backend: Backend, prefix: string, modelId: string, { reason, json }: Promoting): Promise<string> {
  await startTensorRuntime('wasm')
  const result = await promoteModel({ ...backend, prefix, featureSets: featureSets.map(({ hash }) => hash) }, modelId, reason)
  if (json) return `${JSON.stringify(result)}\n`
  return `${modelId} prices from now on; before it was ${result.before ?? 'none'}. flipstream models rollback goes back.\n`
}
