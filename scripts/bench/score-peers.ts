/** What score.ts measures beside ours: LightGBM's Python API on the same rows, and the ancestor's Flask service. */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { systemClock } from '#lib/clock/clock.ts'
import type { InputColumn } from '#lib/model/input-encoding.ts'
import type { TreeSettings } from '#lib/model/trees/fit-trees.ts'
import { checkoutRoot } from '#lib/stack/resolve.ts'
import { peerPython, peersDirectory } from './peer-python.ts'

/** `cpuP99Millis`: of processor time, which a busy machine does not stretch; absent where a peer does not tell. */
export type Speed = Readonly<{
  batch: number
  calls: number
  p50Millis: number
  p99Millis: number
  cpuP99Millis?: number
  rowsPerCpuSecond: number
}>
export type TrainingRun = Readonly<{ wallSeconds: number; cpuSeconds: number; medianApe: number }>

/** Rows in time order: the first `fit` to learn from, the others to be asked about. */
export type BenchRows = Readonly<{ vectors: Float32Array; targets: Float64Array; columns: readonly InputColumn[]; fit: number }>

export type LightGbm = Readonly<{ train(seed: number): TrainingRun; speeds(batches: readonly number[], seconds: number): Speed[] }>

const lightGbmScript = fileURLToPath(new URL('score-lightgbm.py', import.meta.url))
const packages = ['numpy', 'pandas', 'scikit-learn', 'lightgbm', 'flask', 'requests']
const oneThread = { ...process.env, OMP_NUM_THREADS: '1' }

export const scorePython = (say: (line: string) => void): string | null => peerPython('score', packages, say)

/** Runs LightGBM, single-threaded, on these rows with the settings of ours that both know. */
export function withLightGbm<Answer>(python: string, rows: BenchRows, settings: TreeSettings, act: (lightGbm: LightGbm) => Answer): Answer {
  const directory = mkdtempSync(join(tmpdir(), 'bench-score-'))
  const { vectors, targets, columns, fit } = rows
  const { rounds, learningRate, mostLeaves: leaves, fewestRowsInLeaf, columnShare } = settings
  const categories = columns.flatMap(({ kind }, column) => (kind === 'category' ? [column] : []))
  const shared = { width: columns.length, fit, categories, rounds, learningRate, leaves, fewestRowsInLeaf, columnShare }
  const run = (more: object): unknown => {
    writeFileSync(join(directory, 'task.json'), JSON.stringify({ ...shared, ...more }))
    const { status, stdout, stderr } = spawnSync(python, [lightGbmScript, directory], { encoding: 'utf8', env: oneThread })
    if (status !== 0) throw new Error(`LightGBM failed: ${stderr.slice(-500)}`)
    return JSON.parse(stdout)
  }
  try {
    writeFileSync(join(directory, 'vectors.f32'), new Uint8Array(vectors.buffer, vectors.byteOffset, vectors.byteLength))
    writeFileSync(join(directory, 'targets.f64'), new Uint8Array(targets.buffer, targets.byteOffset, targets.byteLength))
    return act({
      train: (seed) => run({ seed }) as TrainingRun,
      speeds: (batches, seconds) => run({ seed: null, batches, seconds }) as Speed[],
    })
  } finally {
    rmSync(directory, { recursive: true })
  }
}

const flaskScript = join(peersDirectory, 'flask_serving.py')
const flaskModels = join(checkoutRoot, '.flipstream', 'peers', 'flask-models')

/** What the Flask service answers to one client, as its own load test prints it. Trains its models the first time (minutes). */
export async function measureFlask(python: string, salesFile: string, batches: readonly number[], say: (line: string) => void) {
  if (!existsSync(flaskScript)) {
    say('NOT MEASURED: the Flask service (FLIPSTREAM_PEERS names no folder with flask_serving.py)')
    return []
  }
  if (!existsSync(join(flaskModels, 'stack.pkl'))) {
    say('training the models of the Flask service (once; minutes)')
    mkdirSync(flaskModels, { recursive: true })
    const { status, stderr } = spawnSync(python, [flaskScript, 'train', dirname(salesFile), flaskModels], {
      encoding: 'utf8',
      env: oneThread,
    })
    if (status !== 0) throw new Error(`the Flask service could not be trained: ${stderr.slice(-500)}`)
  }
  const port = await freePort()
  const service = spawn(python, [flaskScript, 'serve', flaskModels, String(port)], { stdio: 'ignore', env: oneThread })
  try {
    await answers(`http://127.0.0.1:${port}/null`)
    return batches.flatMap((rows) => {
      const load = ['flask_bench.py', flaskModels, `http://127.0.0.1:${port}`, '--clients', '1', '--seconds', '4', '--rows', String(rows)]
      const { stdout } = spawnSync(python, load, { encoding: 'utf8', env: oneThread, cwd: peersDirectory })
      return stdout.trim().split('\n')
    })
  } finally {
    service.kill()
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}

async function answers(url: string): Promise<void> {
  const deadline = systemClock.monotonic() + 60_000
  for (;;) {
    const isUp = await fetch(url, { method: 'POST', body: '[]', headers: { 'content-type': 'application/json' } }).then(
      ({ ok }) => ok,
      () => false,
    )
    if (isUp) return
    if (systemClock.monotonic() > deadline) throw new Error(`the Flask service did not answer at ${url} within 60 s`)
    await systemClock.sleep(200)
  }
}
