import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { exitCodes } from '#lib/app/exit-codes.ts'
import { manifestKey, readBundle } from '#lib/model/bundle/bundle.ts'
import { createFileStore } from '#lib/objectstore/file-store.ts'
import type { Backend } from '#lib/running/backend.ts'
import type { Progress } from '#lib/running/progress.ts'
import type { Run } from '#lib/running/runs.ts'
import { checkoutRoot } from '#lib/stack/resolve.ts'
import { publishModel } from '#lib/training/publish.ts'
import { addTrainingCode } from '#lib/training/training-code.ts'
import { withoutOthersSecrets } from './app-secrets.ts'
import type { TrainingPlan } from './market-plan.ts'
import { trainingFailure } from './training-failure.ts'

/** As much of the answer of `flipstream train --json` as is needed here. */
export type FirstModel = Readonly<{ modelId: string; featureSetHash: string }>

export type TrainingContext = Readonly<{
  run: Run
  backend: Backend
  environment: Readonly<Record<string, string>>
  progress: Progress
  signal: AbortSignal
}>

const trained = join(checkoutRoot, '.flipstream', 'trained')
const cli = fileURLToPath(new URL('../main.ts', import.meta.url))

/**
 * A model for this market: trained in a process of its own (so that its memory goes with it), or the one that the same sales, the same
 * moment, the same seed and the same code gave before. Stored and announced in the run. Null when interrupted.
 */
export async function trainFirstModel(plan: TrainingPlan, context: TrainingContext): Promise<FirstModel | null> {
  const { progress, signal } = context
  const index = join(trained, `${await trainingKey(plan)}.json`)
  let model = await readIndex(index)
  if (model === null) {
    progress.say(`training a model on the sales before ${new Date(plan.playFrom).toISOString()}`)
    model = await train(plan, context)
    if (model === null || signal.aborted) return null
    await writeFile(`${index}.new`, JSON.stringify(model))
    await rename(`${index}.new`, index)
  }
  const { backend, run } = context
  await publishModel({ ...backend, prefix: run.prefix }, await readBundle(createFileStore({ directory: trained }), model.modelId))
  progress.say(`model ${model.modelId}`)
  return model
}

/** Everything the weights depend on: data, split and code. */
async function trainingKey({ salesFile, playFrom, source }: TrainingPlan): Promise<string> {
  const hash = createHash('sha256').update(`${source} ${playFrom}\n`)
  addTrainingCode(hash)
  await pipeline(createReadStream(salesFile), async (chunks: AsyncIterable<Buffer>) => {
    for await (const chunk of chunks) hash.update(chunk)
  })
  return hash.digest('hex').slice(0, 16)
}

async function readIndex(file: string): Promise<FirstModel | null> {
  try {
    const model = JSON.parse(await readFile(file, 'utf8')) as FirstModel
    return (await createFileStore({ directory: trained }).stat(manifestKey(model.modelId))) === null ? null : model
  } catch {
    return null
  }
}

async function train(
  { salesFile, playFrom, source }: TrainingPlan,
  { run, environment, progress, signal }: TrainingContext,
): Promise<FirstModel | null> {
  await mkdir(trained, { recursive: true })
  const until = new Date(playFrom).toISOString()
  const argv = [cli, 'train', '--sales', salesFile, '--until', until, '--source', source, '--out', trained, '--fast', '--json']
  const child = spawn(process.execPath, argv, {
    env: withoutOthersSecrets('train', environment),
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  const kill = () => child.kill('SIGKILL')
  signal.addEventListener('abort', kill)
  process.once('exit', kill)
  const output: Buffer[] = []
  let lastLines = ''
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => {
    lastLines = `${lastLines}${chunk}`.slice(-2_000)
    progress.status(lastLines.trimEnd().split('\n').at(-1) ?? '')
  })
  const { code, killedBy } = await new Promise<{ code: number | null; killedBy: NodeJS.Signals | null }>((resolve) =>
    child.once('close', (code, killedBy) => resolve({ code, killedBy })),
  )
  signal.removeEventListener('abort', kill)
  process.removeListener('exit', kill)
  if (signal.aborted) return null
  if (code !== exitCodes.done) throw trainingFailure({ code, signal: killedBy, stderr: lastLines }, source, run.prefix)
  return JSON.parse(Buffer.concat(output).toString()) as FirstModel
}
