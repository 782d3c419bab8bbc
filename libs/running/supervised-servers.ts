import type { Clock } from '#lib/clock/clock.ts'
import type { LocalServer } from '#lib/stack/local-servers.ts'
import { createLocalStack, type LocalStack } from '#lib/stack/local-stack.ts'
import { findUnreachable } from '#lib/stack/reachable.ts'
import { type Stack, stackDirectory } from '#lib/stack/resolve.ts'
import type { Env } from '#lib/stack/tools.ts'
import type { State } from './state-lines.ts'
import { appPolicy, type Cause, describePhase, type LifePolicy } from './supervision/app-life.ts'
import type { Running, Supervisor } from './supervision/supervisor.ts'

/** Eyes on the servers that all apps need. */
export interface ServerWatch {
  /** Names one that does not answer; null where all do, as far as is known. */
  whatIsAway(): string | null
  states(): State[]
}

export type ServerWatchOptions = Readonly<{
  clock: Clock
  supervisor: Supervisor
  stack: Stack
  env: Env
  onProgress(line: string): void
}>

/** Servers of the local stack are started again when they end or hang; those of others are only looked at. */
export async function createServerWatch({ clock, supervisor, stack, env, onProgress }: ServerWatchOptions): Promise<ServerWatch> {
  if (stack.kind === 'embedded') return { whatIsAway: () => null, states: () => [] }
  if (stack.kind === 'local')
    return superviseServers({ clock, supervisor, stack: createLocalStack({ directory: stackDirectory(), env, onProgress }) })
  return lookAtServers({ clock, supervisor, stack })
}

/** A server that does not answer may be reading its log after a crash, or wait for the disk: patience is longer than with apps. */
const serverPolicy: LifePolicy = { ...appPolicy, hangingProbes: 10, startMillis: 300_000, maxPauseMillis: 10_000 }
const probeMillis = 5_000
const lookMillis = 1_000

type SuperviseOptions = Readonly<{ clock: Clock; supervisor: Supervisor; stack: Pick<LocalStack, 'servers' | 'start'> }>

/** They were started before, and live on after us. */
export async function superviseServers(options: SuperviseOptions): Promise<ServerWatch> {
  const { clock, supervisor, stack } = options
  const servers = (await stack.servers()).map(({ title }) => {
    const supervised = supervisor.supervise({ policy: serverPolicy, start: () => runServer(title, options) })
    return { name: title, phase: () => supervised.life().phase }
  })
  const isWell = (text: string) => text === 'ready' || text === 'starting'
  const states = () => servers.map(({ name, phase }) => ({ name, phase: phase(), text: describePhase(phase(), clock.monotonic()) }))
  return {
    whatIsAway: () => states().find(({ text }) => !isWell(text))?.name ?? null,
    // As long as all is well with them they are nobody's concern.
    states: () => states().filter(({ text }) => !isWell(text)),
  }
}

/** `start` of the stack starts whatever does not run and leaves the rest alone, so each server may ask for it. */
function runServer(title: string, { clock, stack }: SuperviseOptions): Running {
  let server: LocalServer | undefined
  const starting = (async () => {
    await stack.start()
    server = (await stack.servers()).find((other) => other.title === title)
    if (server === undefined) throw new Error(`${title} was not started`)
    return server
  })()
  const ended = async (): Promise<Cause> => {
    let running: LocalServer
    try {
      running = await starting
    } catch (error) {
      // Whatever keeps a server from starting is outside of it: no space on the disk, no free port, no Java.
      return { sentence: (error as Error).message.split('\n')[0]!, blame: 'world' }
    }
    while (running.isAlive()) await clock.sleep(lookMillis)
    const problem = running.lastProblem()
    return { sentence: `ended${problem === null ? '' : `: ${problem}`} (log: ${running.logFile})`, blame: 'own' }
  }
  return {
    started: starting,
    ended: ended(),
    async probe() {
      await server?.probe(probeMillis)
      return { alive: true, waitingFor: null }
    },
    kill: () => void server?.kill().catch(() => {}),
    stop: () => {},
  }
}

/** Servers that are not ours: nothing to start, but what does not answer is named. */
function lookAtServers({ clock, supervisor, stack }: Omit<ServerWatchOptions, 'env' | 'onProgress'>): ServerWatch {
  if (stack.kind === 'embedded') return { whatIsAway: () => null, states: () => [] }
  const { brokers, registryUrl, s3, security } = stack
  const isPlain = Object.keys(security ?? {}).length === 0
  const supervised = supervisor.supervise({
    policy: { ...serverPolicy, hangingProbes: Number.POSITIVE_INFINITY },
    start: () => ({
      started: Promise.resolve(),
      ended: new Promise(() => {}),
      async probe() {
        const problems = await findUnreachable({ ...(isPlain && { brokers }), registryUrl, s3Endpoint: s3.endpoint }, probeMillis)
        return { alive: true, waitingFor: problems.length === 0 ? null : problems.join('; ') }
      },
      kill: () => {},
      stop: () => {},
    }),
  })
  const phase = () => supervised.life().phase
  const text = () => describePhase(phase(), clock.monotonic())
  const away = () => {
    const now = phase()
    return now.name === 'up' && now.waitingFor !== 'its start' ? now.waitingFor : null
  }
  return { whatIsAway: away, states: () => (away() === null ? [] : [{ name: 'servers', phase: phase(), text: text() }]) }
}
