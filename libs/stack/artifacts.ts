import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { FatalError } from '#lib/errors/errors.ts'
import { requireDigests } from './artifact-digests.ts'
import type { Env, Progress } from './tools.ts'
import { versions } from './versions.ts'

const pomFile = fileURLToPath(new URL('pom.xml', import.meta.url))
const what = `Kafka ${versions.kafka}, Apicurio Registry ${versions.registry} and S3Proxy ${versions.store}`
const progressMillis = 2000

/** The directory that holds what pom.xml asks for: named by the pom's content, so that another pom brings other files. */
export async function artifactsDirectory(stackDirectory: string): Promise<string> {
  const hash = createHash('sha256')
    .update(await readFile(pomFile))
    .digest('hex')
    .slice(0, 12)
  return join(stackDirectory, `servers-${hash}`)
}

/** Lets Maven bring the servers. What is half there after a kill has another name, and is no hindrance to the next fetch. */
export async function fetchArtifacts(stackDirectory: string, options: { maven: string; java: string; env: Env; onProgress: Progress }) {
  const target = await artifactsDirectory(stackDirectory)
  if (existsSync(target)) return
  const unfinished = `${target}.unfinished`
  await rm(unfinished, { recursive: true, force: true })
  await mkdir(unfinished, { recursive: true })
  await runMaven(unfinished, options)
  await requireDigests(unfinished)
  await rename(unfinished, target)
}

/** Removes what other versions of pom.xml brought. No server may run from it any more. */
export async function removeOtherArtifacts(stackDirectory: string): Promise<void> {
  const current = basename(await artifactsDirectory(stackDirectory))
  const names = await readdir(stackDirectory).catch(() => [])
  const others = names.filter((name) => name.startsWith('servers-') && name !== current)
  await Promise.all(others.map((name) => rm(join(stackDirectory, name), { recursive: true, force: true })))
}

async function runMaven(target: string, options: { maven: string; java: string; env: Env; onProgress: Progress }): Promise<void> {
  const started = performance.now()
  const seconds = () => `${((performance.now() - started) / 1000).toFixed(0)} s`
  let bytes = 0
  const output: string[] = []
  options.onProgress(`fetching ${what} with Maven …`)
  const args = ['--batch-mode', '--strict-checksums', '--file', pomFile, `-Dstack.directory=${target}`, 'generate-resources']
  const child = spawn(options.maven, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...options.env } })
  const progress = setInterval(() => options.onProgress(`  … ${megabytes(bytes)} fetched, ${seconds()}`), progressMillis)
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      bytes += downloadedBytes(line)
      output.push(line)
    })
  }
  const code = await new Promise<number | Error>((resolve) => {
    child.on('error', resolve)
    child.on('close', (exitCode) => resolve(exitCode ?? 1))
  })
  clearInterval(progress)
  if (code !== 0) throw new FatalError(failureMessage(code, output))
  options.onProgress(bytes === 0 ? `found them in Maven's own cache, in ${seconds()}` : `fetched ${megabytes(bytes)} in ${seconds()}`)
}

const megabytes = (bytes: number) => `${Math.round(bytes / 1e6)} MB`
const units: Readonly<Record<string, number>> = { B: 1, kB: 1e3, MB: 1e6, GB: 1e9 }

/** Maven says `[INFO] Downloaded from central: https://… (9.8 MB at 24 MB/s)`. */
export function downloadedBytes(line: string): number {
  const match = /Downloaded .*\((\d+(?:\.\d+)?) (B|kB|MB|GB) at /.exec(line)
  return match === null ? 0 : Number(match[1]) * units[match[2]!]!
}

function failureMessage(code: number | Error, output: readonly string[]): string {
  const errors = output.filter((line) => line.startsWith('[ERROR]') && line.length > 10).slice(0, 3)
  const reason = code instanceof Error ? code.message : (errors.length > 0 ? errors : output.slice(-5)).join('\n')
  return [
    `Maven could not bring ${what}:`,
    reason,
    "Check the network (a proxy or a mirror belongs into Maven's settings.xml) and the free disk space, then try again;",
    'or start a Docker engine, or set KAFKA_BROKERS, SCHEMA_REGISTRY_URL and S3_ENDPOINT.',
  ].join('\n')
}
