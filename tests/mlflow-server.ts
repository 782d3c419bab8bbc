/** A real MLflow tracking server for tests: from PyPI, in a virtual environment that is kept for the next session. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { systemClock } from '#lib/clock/clock.ts'
import { freePort } from '#lib/stack/ports.ts'
import { checkoutRoot } from '#lib/stack/resolve.ts'
import { localHost } from '#lib/stack/server.ts'

const run = promisify(execFile)

const version = '2.22.5'
/** What its server needs of its dependencies: the rest (pandas, scikit-learn, pyarrow and their kin) is half a gigabyte for nothing. */
const serverPackages = [
  `mlflow-skinny==${version}`,
  'Flask<4',
  'graphene<4',
  'SQLAlchemy<2.1',
  'alembic<2',
  'gunicorn<24',
  'Jinja2<4',
  'Markdown<4',
]
const environment = join(checkoutRoot, '.flipstream', 'tools', `mlflow-${version}`)
const python = join(environment, 'bin', 'python')
const installMillis = 300_000
const readyMillis = 120_000

export type MlflowServer = Readonly<{ url: string; stop(): Promise<void> }>

/** Fails, and says what is missing, where there is no Python or no package index: a test of a real server is never skipped. */
export async function startMlflow(): Promise<MlflowServer> {
  await install()
  const directory = mkdtempSync(join(tmpdir(), 'flipstream-mlflow-'))
  const port = await freePort()
  const url = `http://${localHost}:${port}`
  const logFile = join(directory, 'server.log')
  const store = ['--backend-store-uri', 'sqlite:///runs.db', '--artifacts-destination', './artifacts']
  // A process group of its own: the server is a parent of workers, and all of them must end.
  const server = spawn(python, ['-m', 'mlflow', 'server', ...store, '--host', localHost, '--port', String(port), '--workers', '1'], {
    cwd: directory,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  const log = createWriteStream(logFile)
  server.stdout.pipe(log)
  server.stderr.pipe(log)
  const ended = once(server, 'exit')
  const stop = async () => {
    if (server.exitCode === null && server.pid !== undefined) process.kill(-server.pid, 'SIGKILL')
    await ended
    rmSync(directory, { recursive: true, force: true })
  }
  const deadline = systemClock.monotonic() + readyMillis
  while (!(await isReady(url))) {
    if (server.exitCode === null && systemClock.monotonic() < deadline) {
      await systemClock.sleep(200)
      continue
    }
    const words = readFileSync(logFile, 'utf8').slice(-2_000)
    await stop()
    throw new Error(`MLflow ${server.exitCode === null ? `does not serve after ${readyMillis / 1_000} s` : 'ended'}:\n${words}`)
  }
  return { url, stop }
}

/** The marker is written last: an installation that was interrupted is made again. */
async function install(): Promise<void> {
  const marker = join(environment, 'complete')
  if (existsSync(marker)) return
  console.error(`servers: MLflow ${version} from PyPI, into a virtual environment that is kept (some 150 MB)`)
  rmSync(environment, { recursive: true, force: true })
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-warn-conflicts']
  try {
    await run('python3', ['-m', 'venv', environment], { timeout: installMillis })
    await run(python, [...pip, ...serverPackages], { timeout: installMillis })
    await run(python, [...pip, '--no-deps', `mlflow==${version}`], { timeout: installMillis })
  } catch (error) {
    throw new Error(`MLflow cannot be installed; it needs python3 with venv and pip, and a package index: ${(error as Error).message}`)
  }
  writeFileSync(marker, version)
}

async function isReady(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/health`, { signal: AbortSignal.timeout(2_000) })).ok
  } catch {
    return false
  }
}
