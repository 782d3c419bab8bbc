import { exitCodes } from '#lib/app/exit-codes.ts'
import { UsageError } from '#lib/app/usage-error.ts'
import { promoteModel } from '#lib/decisions/promote-model.ts'
import { predecessorOf, readModels } from '#lib/decisions/read-models.ts'
import { FatalError, RejectedError } from '#lib/errors/errors.ts'
import { featureSets } from '#lib/features/feature-sets.ts'
import { topicName } from '#lib/market/topics.ts'
import { BundleError, readBundle } from '#lib/model/bundle/bundle.ts'
import { startTensorRuntime } from '#lib/model/network/tfjs-runtime.ts'
import { type Backend, openBackend } from '#lib/running/backend.ts'
import { prefixOfChoice } from '#lib/running/runs.ts'
import { checkoutRoot, resolveStack } from '#lib/stack/resolve.ts'
import { type ModelsArguments, modelsHelp, parseModelsArguments } from './arguments.ts'
import { formatModel, formatModels, standingOf } from './format.ts'

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
  const { action, json } = options
  if (action === 'promote') return promote(backend, prefix, options.modelId, options)
  const models = await readModels({ ...backend, prefix })
  if (action === 'rollback') {
    const before = predecessorOf(models)
    if (before === null)
      throw new RejectedError('no_predecessor', 'rollback: no other model was in force before; flipstream models promote ID')
    return promote(backend, prefix, before, { ...options, reason: `rollback: ${options.reason}` })
  }
  if (action === 'ls') {
    const listed = [...models.announced.values()].map((model) => ({ ...model, standing: standingOf(models, model.modelId) }))
    return json ? `${JSON.stringify({ models: listed, promotions: models.promotions })}\n` : formatModels(models)
  }
  const { manifest } = await readBundle(backend.store, options.modelId)
  const standing = standingOf(models, options.modelId)
  if (json) return `${JSON.stringify({ modelId: options.modelId, standing, ...manifest, model: undefined })}\n`
  return formatModel(models, options.modelId, manifest)
}

type Promoting = Readonly<{ reason: string; json: boolean }>

async function promote(backend: Backend, prefix: string, modelId: string, { reason, json }: Promoting): Promise<string> {
  await startTensorRuntime('wasm')
  const result = await promoteModel({ ...backend, prefix, featureSets: featureSets.map(({ hash }) => hash) }, modelId, reason)
  if (json) return `${JSON.stringify(result)}\n`
  return `${modelId} prices from now on; before it was ${result.before ?? 'none'}. flipstream models rollback goes back.\n`
}
