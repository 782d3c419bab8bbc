/**
 * Installs the packages of package-lock.json where they are not installed yet. `npm start` and `npm test` run it first; `--production`
 * leaves out what only development needs, and is content with more.
 * Plain JavaScript for Node 20; writes to standard error only, since standard output belongs to the command that follows.
 */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { acquireLock } from '../bin/lock.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const modules = join(root, 'node_modules')
const stampFile = join(modules, '.flipstream-stamp')
const lockText = readFileSync(join(root, 'package-lock.json'), 'utf8')
const onlyProduction = process.argv.includes('--production')
const stampOf = (kind) => `${createHash('sha256').update(lockText).digest('hex')} ${process.platform}-${process.arch} ${kind}`
const everything = stampOf('everything')
const stamp = onlyProduction ? stampOf('production') : everything
const progressMillis = 5000

const say = (text) => process.stderr.write(`flipstream: ${text}\n`)
const seconds = (since) => `${((performance.now() - since) / 1000).toFixed(0)} s`

function isInstalled() {
  if (existsSync(stampFile) && [stamp, everything].includes(readFileSync(stampFile, 'utf8'))) return true
  if (!isInstalledByNpm()) return false
  writeFileSync(stampFile, stamp)
  return true
}

/** A package of development has `dev` in the lock file, one of development and of something optional `devOptional`. */
const wantedPackages = () =>
  Object.entries(JSON.parse(lockText).packages).filter(([path, entry]) => path !== '' && !(onlyProduction && entry.dev === true))

/** npm writes its own record last: where it agrees with the lock file, somebody ran `npm ci` or `npm install` by hand. */
function isInstalledByNpm() {
  const record = join(modules, '.package-lock.json')
  if (!existsSync(record)) return false
  const installed = JSON.parse(readFileSync(record, 'utf8')).packages
  return wantedPackages().every(([path, entry]) => {
    const found = installed[path]
    if (found === undefined) return entry.optional === true || entry.devOptional === true
    return found.version === entry.version && found.integrity === entry.integrity
  })
}

async function directorySize(path) {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => [])
  const sizes = await Promise.all(
    entries.map(async (entry) => {
      const child = join(path, entry.name)
      if (entry.isDirectory()) return directorySize(child)
      return (await lstat(child).catch(() => ({ size: 0 }))).size
    }),
  )
  return sizes.reduce((sum, size) => sum + size, 0)
}

const megabytes = async () => `${Math.round((await directorySize(modules)) / 1e6)} MB`

/** Resolves with npm's exit code and what it wrote. */
function npmCi() {
  const { npm_execpath: npmScript, npm_node_execpath: npmNode } = process.env
  const isNpm = npmScript?.endsWith('npm-cli.js') === true
  const command = isNpm ? (npmNode ?? process.execPath) : 'npm'
  const args = [
    ...(isNpm ? [npmScript] : []),
    'ci',
    ...(onlyProduction ? ['--omit=dev'] : []),
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
  ]
  const env = { TFJS_NODE_CDN_STORAGE: 'http://127.0.0.1:9/', ...process.env, npm_config_loglevel: 'error' }
  const child = spawn(command, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk))
  return new Promise((resolve) => {
    child.on('error', (error) => resolve({ code: 1, output: `cannot run ${command}: ${error.message}` }))
    child.on('close', (code) => resolve({ code: code ?? 1, output }))
  })
}

async function install() {
  const started = performance.now()
  say(`installing ${wantedPackages().length} packages with npm ci …`)
  const progress = setInterval(async () => say(`  … ${seconds(started)}, ${await megabytes()} so far`), progressMillis)
  const { code, output } = await npmCi()
  clearInterval(progress)
  if (code !== 0) {
    say(`npm ci failed after ${seconds(started)}:\n${output.trim()}`)
    say('Check the network and the free disk space, then run: npm ci')
    process.exit(1)
  }
  mkdirSync(modules, { recursive: true })
  writeFileSync(stampFile, stamp)
  say(`installed ${await megabytes()} in ${seconds(started)}`)
}

if (!isInstalled()) {
  const release = await acquireLock(`install ${root}`, { onWait: () => say('waiting for another installation in this directory …') })
  if (!isInstalled()) await install()
  await release()
}
