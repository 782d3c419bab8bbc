import type { Facts } from './facts.ts'

/** `missing`: flipstream cannot run, or cannot be tested, without it. `absent`: something is left out without it, that is all. */
export type Check = Readonly<{ name: string; status: 'ok' | 'missing' | 'absent'; found: string; fix: string | null }>

const gibibyte = 1024 ** 3
/** Servers 0.6 GB, eight apps of about 0.15 GB each. */
const comfortableMemoryBytes = 2 * gibibyte

/** What the facts mean: pure, so that a test can be any machine. */
export function diagnose(facts: Facts): Check[] {
  return [
    node(facts),
    packages(facts),
    ...settings(facts),
    servers(facts),
    ...metrics(facts),
    ...tools(facts),
    docker(facts),
    disk(facts),
    memory(facts),
    tensorflow(facts),
    chromium(facts),
    apiKey(facts),
    ...keySpent(facts),
  ]
}

export const ok = (name: string, found: string): Check => ({ name, status: 'ok', found, fix: null })
export const missing = (name: string, found: string, fix: string): Check => ({ name, status: 'missing', found, fix })
export const absent = (name: string, found: string, fix: string): Check => ({ name, status: 'absent', found, fix })

const node = ({ node: { version, path, isSupported } }: Facts): Check =>
  isSupported ? ok('Node', `${version} (${path})`) : missing('Node', `${version}, expected 22.22 or later and below 23`, 'npm ci')

const packages = ({ packages: { areCurrent } }: Facts): Check =>
  areCurrent ? ok('packages', 'as package-lock.json says') : missing('packages', 'not those of package-lock.json', 'npm ci')

const settings = ({ settings: list }: Facts): Check[] =>
  list.map(({ name, value, problem }) =>
    problem === null ? ok(name, value) : missing(name, problem, `correct ${name}, or unset it: flipstream then starts a server of its own`),
  )

function servers({
  servers: { running, bringsOwn },
  tools: { java, maven, areFetched, canInstall, installCommand },
  docker,
}: Facts): Check {
  if (!bringsOwn) return ok('servers', 'the ones that are set')
  if (running !== null) return ok('servers', `running: ${running}`)
  if (docker.engine) return ok('servers', 'will be started with Docker Compose')
  const hasTools = java !== null && (areFetched || maven !== null)
  if (hasTools) return ok('servers', areFetched ? 'fetched, will be started' : 'will be fetched with Maven (270 MB) and started')
  if (canInstall) return ok('servers', 'Java and Maven will be installed with apt-get, then the servers fetched and started')
  return missing('servers', 'no Docker engine, and not all of Java and Maven', installCommand)
}

/** The address of each run that is played now: for a Prometheus, and for curl. */
const metrics = ({ runs }: Facts): Check[] =>
  runs.length === 0
    ? [absent('metrics', 'no run is being played', 'npm start serves those of all apps on one port')]
    : runs.map(({ run, url }) => ok('metrics', `${url} (run ${run})`))

/** Needed only where nothing else brings the servers, which `servers` has said. */
function tools({ tools: { java, maven, installCommand } }: Facts): Check[] {
  return [
    java === null ? absent('Java', 'none of version 17 or later', installCommand) : ok('Java', `${java.version} (${java.path})`),
    maven === null ? absent('Maven', 'not found', installCommand) : ok('Maven', maven),
  ]
}

const docker = ({ docker: { cli, engine } }: Facts): Check =>
  engine
    ? ok('Docker', 'an engine and Docker Compose answer')
    : absent(
        'Docker',
        cli ? 'the command is here, but no engine, or no Docker Compose, answers' : 'not found',
        'nothing to do: local processes take its place',
      )

function disk({ disk: { freeBytes, neededBytes, directory } }: Facts): Check {
  const found = `${gigabytes(freeBytes)} free in ${directory}`
  return freeBytes >= neededBytes ? ok('disk', found) : missing('disk', found, `free space until ${gigabytes(neededBytes)} are left`)
}

function memory({ memory: { availableBytes } }: Facts): Check {
  const found = `${gigabytes(availableBytes)} available`
  return availableBytes >= comfortableMemoryBytes
    ? ok('memory', found)
    : absent('memory', found, `close something: servers and apps take about ${gigabytes(comfortableMemoryBytes)}`)
}

const tensorflow = ({ tensorflow: { isNative } }: Facts): Check =>
  isNative
    ? ok('TensorFlow', 'native')
    : absent(
        'TensorFlow',
        'not native; WebAssembly takes its place, and is faster for small batches',
        'npm run tfjs:native: training gains by it, scoring does not',
      )

const chromium = ({ chromium: path, tools: { chromiumCommand } }: Facts): Check =>
  path === null ? absent('Chromium', 'not found: browser tests are skipped', chromiumCommand) : ok('Chromium', path)

const apiKey = ({ hasApiKey }: Facts): Check =>
  hasApiKey ? ok('AXIE_API_KEY', 'set') : absent('AXIE_API_KEY', 'not set: only simulated markets', 'set it for npm start -- --live')

/** Not a fault: it passes by itself. */
const keySpent = ({ spent }: Facts): Check[] =>
  spent === null
    ? []
    : spent.length === 0
      ? [ok('marketplace key', 'nothing of it is spent, as far as anybody was told')]
      : spent.map((words) => absent('marketplace key', words, 'wait, or with a larger quota: flipstream controls ask-again'))

const gigabytes = (bytes: number) => `${(bytes / gibibyte).toFixed(1)} GiB`
