import { execFile } from 'node:child_process'
import { accessSync, constants, readFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { FatalError } from '#lib/errors/errors.ts'

/** Finds Java and Maven where people have them, and installs them where that takes no decision (Debian or Ubuntu, as root). */
export type Env = Readonly<Record<string, string | undefined>>
export type Progress = (line: string) => void

type Tool = Readonly<{ name: string; package: string; isUsable(path: string): Promise<boolean>; candidates(env: Env): Promise<string[]> }>

const minimumJava = 17

const java: Tool = {
  name: `Java ${minimumJava} or later`,
  package: 'default-jre-headless',
  async isUsable(path) {
    const version = await javaVersion(path)
    return version !== null && version >= minimumJava
  },
  candidates: async (env) => [
    ...inHome(env['JAVA_HOME'], 'java'),
    ...onPath(env, 'java'),
    ...(await below('/usr/lib/jvm', 'bin/java')),
    ...(await below('/Library/Java/JavaVirtualMachines', 'Contents/Home/bin/java')),
    '/opt/homebrew/opt/openjdk/bin/java',
    '/usr/local/opt/openjdk/bin/java',
  ],
}

const maven: Tool = {
  name: 'Maven',
  package: 'maven',
  isUsable: async () => true,
  candidates: async (env) => [
    ...inHome(env['MAVEN_HOME'], 'mvn'),
    ...inHome(env['M2_HOME'], 'mvn'),
    ...onPath(env, 'mvn'),
    '/usr/share/maven/bin/mvn',
    '/opt/homebrew/bin/mvn',
    '/opt/maven/bin/mvn',
  ],
}

const chromium: Tool = {
  name: 'Chromium',
  package: 'chromium',
  isUsable: async () => true,
  candidates: async (env) => [
    ...[env['CHROME_PATH']].flatMap((path) => path ?? []),
    ...['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'].flatMap((name) => onPath(env, name)),
    '/snap/bin/chromium',
    '/Applications/Chromium.app/Contents/MacOS/Chromium',
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  ],
}

export const findChromium = (env: Env): Promise<string | null> => find(chromium, env)
export const findJava = (env: Env): Promise<string | null> => find(java, env)
export const findMaven = (env: Env): Promise<string | null> => find(maven, env)

/** The path of a Chromium, after installing it where we may; else a FatalError with the one command to run. */
export async function requireChromium(env: Env, onProgress: Progress): Promise<string> {
  if ((await findChromium(env)) === null && canInstall(env)) await installPackages([chromium], env, onProgress)
  const found = await findChromium(env)
  if (found !== null) return found
  throw new FatalError(`Chromium not found: neither CHROME_PATH nor the PATH has it. Run: ${installCommand([chromium.package])}`)
}

/** The major version of a java executable; null where it is none. */
export async function javaVersion(path: string): Promise<number | null> {
  try {
    const { stderr } = await promisify(execFile)(path, ['-version'])
    const match = /version "(\d+)(?:\.(\d+))?/.exec(stderr)
    if (match === null) return null
    return match[1] === '1' ? Number(match[2]) : Number(match[1])
  } catch {
    return null
  }
}

/** The paths of both tools, after installing what is missing where we may; else a FatalError with the one command to run. */
export async function requireTools(
  env: Env,
  needs: { maven: boolean },
  onProgress: Progress,
): Promise<{ java: string; maven: string | null }> {
  const missing = await missingTools(env, needs)
  if (missing.length > 0 && canInstall(env)) await installPackages(missing, env, onProgress)
  const found = { java: await findJava(env), maven: needs.maven ? await findMaven(env) : null }
  if (found.java === null || (needs.maven && found.maven === null)) throw new FatalError(await missingMessage(env, needs))
  return { java: found.java, maven: found.maven }
}

/** False where the local stack could only run after somebody installs something by hand. */
export async function canHaveTools(env: Env, needs: { maven: boolean }): Promise<boolean> {
  return canInstall(env) || (await missingTools(env, needs)).length === 0
}

/** The command that installs the packages on this machine. */
export function installCommand(packages: readonly string[]): string {
  if (process.platform === 'darwin') {
    return `brew install ${packages.map((name) => (name === java.package ? 'openjdk' : name)).join(' ')}`
  }
  if (isDebian()) return `${process.getuid?.() === 0 ? '' : 'sudo '}apt-get install -y ${packages.join(' ')}`
  return `install ${packages.map((name) => (name === java.package ? `a Java runtime (${minimumJava} or later)` : name)).join(' and ')} with your package manager`
}

async function missingTools(env: Env, needs: { maven: boolean }): Promise<Tool[]> {
  const needed = needs.maven ? [java, maven] : [java]
  const found = await Promise.all(needed.map((tool) => find(tool, env)))
  return needed.filter((_, index) => found[index] === null)
}

async function missingMessage(env: Env, needs: { maven: boolean }): Promise<string> {
  const missing = await missingTools(env, needs)
  return [
    `The local stack (Kafka, registry, object store) needs ${missing.map(({ name }) => name).join(' and ')}; not found in JAVA_HOME, on the PATH or in the usual places.`,
    `Run: ${installCommand(missing.map((tool) => tool.package))}`,
    'or start a Docker engine, or set KAFKA_BROKERS, SCHEMA_REGISTRY_URL and S3_ENDPOINT.',
  ].join('\n')
}

/** Whether missing packages are installed without asking. */
export const canInstall = (env: Env): boolean => process.getuid?.() === 0 && isDebian() && onPath(env, 'apt-get').length > 0

function isDebian(): boolean {
  try {
    return /^(ID|ID_LIKE)=.*\b(debian|ubuntu)\b/m.test(readFileSync('/etc/os-release', 'utf8'))
  } catch {
    return false
  }
}

async function installPackages(tools: readonly Tool[], env: Env, onProgress: Progress): Promise<void> {
  const packages = tools.map((tool) => tool.package)
  const started = performance.now()
  onProgress(`installing ${packages.join(' and ')} with apt-get …`)
  const run = (args: string[]) =>
    promisify(execFile)('apt-get', args, { env: { ...env, DEBIAN_FRONTEND: 'noninteractive' }, maxBuffer: 64 * 1024 * 1024 })
  try {
    await run(['update', '-qq'])
    await run(['install', '-y', '-qq', ...packages])
  } catch (error) {
    throw new FatalError(`apt-get could not install ${packages.join(' and ')}: ${(error as Error).message.trim()}`, { cause: error })
  }
  onProgress(`installed ${packages.join(' and ')} in ${((performance.now() - started) / 1000).toFixed(0)} s`)
}

async function find(tool: Tool, env: Env): Promise<string | null> {
  for (const path of await tool.candidates(env)) {
    if (isExecutable(path) && (await tool.isUsable(path))) return path
  }
  return null
}

const inHome = (home: string | undefined, name: string): string[] => (home === undefined || home === '' ? [] : [join(home, 'bin', name)])

export const onPath = (env: Env, name: string): string[] =>
  (env['PATH'] ?? '')
    .split(delimiter)
    .filter((directory) => directory !== '')
    .map((directory) => join(directory, name))
    .filter(isExecutable)

async function below(directory: string, path: string): Promise<string[]> {
  const names = await readdir(directory).catch(() => [])
  return names.map((name) => join(directory, name, path))
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
