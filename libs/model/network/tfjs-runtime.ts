import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import * as tf from '@tensorflow/tfjs-core'
import { FatalError } from '#lib/errors/errors.ts'

/** What TF_BACKEND may say. */
export const backendChoices = ['auto', 'tensorflow', 'wasm', 'cpu'] as const

export type BackendChoice = (typeof backendChoices)[number]

/** Where the network runs: native TensorFlow, WebAssembly (XNNPACK kernels), or plain JavaScript. */
export type Backend = Exclude<BackendChoice, 'auto'>

export type TensorRuntime = Readonly<{
  backend: Backend
  /** The version of tfjs. */
  version: string
  /** The backends that would have been preferred, and why each is not in use. */
  passedOver: readonly Readonly<{ backend: Backend; reason: string }>[]
}>

const resolver = createRequire(import.meta.url)

const starters: Readonly<Record<Backend, () => Promise<void>>> = {
  tensorflow: async () => {
    restoreRemovedUtil()
    // Optional and native: it registers its backend under this name when it can be loaded at all.
    resolver('@tensorflow/tfjs-node')
    await activate('tensorflow')
  },
  wasm: async () => {
    const { setWasmPaths } = await import('@tensorflow/tfjs-backend-wasm')
    // In Node the package looks for its binaries in the working directory unless told.
    setWasmPaths(`${dirname(resolver.resolve('@tensorflow/tfjs-backend-wasm'))}/`)
    await activate('wasm')
  },
  cpu: async () => {
    await import('@tensorflow/tfjs-backend-cpu')
    await activate('cpu')
  },
}

/**
 * Makes one tfjs backend the active one of this process (tfjs knows only one). `auto` takes the first that works of native TensorFlow,
 * WebAssembly and JavaScript. Throws FatalError where a backend was asked for by name and does not work.
 */
export function startTensorRuntime(choice: BackendChoice): Promise<TensorRuntime> {
  const started = starting.then(() => start(choice))
  starting = started.catch(() => {})
  return started
}

/** tfjs gives up a start that another one overtakes: apps of one process wait for each other. */
let starting: Promise<unknown> = Promise.resolve()

async function start(choice: BackendChoice): Promise<TensorRuntime> {
  const candidates: readonly Backend[] = choice === 'auto' ? ['tensorflow', 'wasm', 'cpu'] : [choice]
  const passedOver: { backend: Backend; reason: string }[] = []
  // Without it the JavaScript backend greets people with a banner on stderr.
  tf.env().set('IS_TEST', true)
  for (const backend of candidates) {
    try {
      await starters[backend]()
      return { backend, version: tf.version_core, passedOver }
    } catch (error) {
      passedOver.push({ backend, reason: reasonOf(error) })
    }
  }
  const reasons = passedOver.map(({ backend, reason }) => `${backend}: ${reason}`).join('; ')
  throw new FatalError(`TF_BACKEND=${choice} does not work here (${reasons}). Set TF_BACKEND=auto to run on what does`)
}

/** tfjs-node 4.22 calls two functions of node:util that Node 22 warns of and Node 23 took away. */
function restoreRemovedUtil(): void {
  Object.assign(resolver('node:util'), {
    isArray: Array.isArray,
    isNullOrUndefined: (value: unknown) => value === null || value === undefined,
  })
}

/** `setBackend` answers false where it failed, and logs the reason itself instead of throwing it. */
async function activate(backend: Backend): Promise<void> {
  if (!(await tf.setBackend(backend))) throw new Error('tfjs could not initialise it')
  await tf.ready()
}

function reasonOf(error: unknown): string {
  if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return 'not installed'
  const [firstLine = 'unknown'] = String((error as Error).message).split('\n')
  return firstLine
}
