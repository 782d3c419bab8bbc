import type { AppListening } from '#lib/app/app.ts'
import { ConfigError, describeSettings, parseConfig } from '#lib/app/config.ts'
import { exitCodes } from '#lib/app/exit-codes.ts'
import { UsageError } from '#lib/app/usage-error.ts'
import { systemClock } from '#lib/clock/clock.ts'
import { RejectedError } from '#lib/errors/errors.ts'
import { createLogger } from '#lib/telemetry/logger.ts'
import { simulatorSettings } from './config.ts'
import { describeFaults } from './faults.ts'
import { startSimulator } from './simulator.ts'

const help = `flipstream simulator: serves a simulated marketplace, until it is told to stop.

It stands still at its start until somebody asks for the newest listings, then runs.
  POST /graphql         as the real marketplace: header X-API-Key; GET shows the schema
  GET  /leaderboard     the best players' axies
  GET  /stats           what happened and what was shown
  GET  /offers          the offers that were made, what was wrong with each, and whether it was shown
  GET, POST /faults     what goes wrong

Configured by environment variables (name, default, meaning):
${describeSettings(simulatorSettings)}

Faults: how often each goes wrong, e.g. {"unavailable": 0.01, "egg": {"share": 1, "times": 3}, "latencyMilliseconds": 50}
${describeFaults()}
`

/** Needs no other server, so it is not an app of the stream: no Kafka, no registry, no store. */
export async function run(argv: readonly string[], env: Readonly<Record<string, string | undefined>>): Promise<number> {
  if (argv.includes('--help') || argv.includes('-h')) {
    process.stdout.write(help)
    return exitCodes.done
  }
  if (argv.length > 0) throw new UsageError(`flipstream simulator takes no arguments (got ${argv.join(' ')}); see --help`)
  const config = configOf(env)
  const logger = createLogger('simulator', config.LOG_LEVEL)
  const stopping = new Promise<string>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => resolve(signal))
    process.once('disconnect', () => resolve('the parent process ended'))
  })
  const simulator = await startSimulator(config, systemClock).catch(withAdvice)
  const { name, start } = simulator.source
  logger.info({ url: simulator.url, source: name, marketStart: new Date(start).toISOString(), speed: config.SIMULATOR_SPEED }, 'started')
  process.send?.({ type: 'listening', app: 'simulator', url: simulator.url } satisfies AppListening)
  logger.info({ reason: await stopping }, 'stopping')
  await simulator.close()
  return exitCodes.done
}

/** A file that is none of its kind is the caller's mistake. */
function withAdvice(error: Error & { code?: string }): never {
  if (error instanceof RejectedError) throw new UsageError(`flipstream simulator cannot start: ${error.message}`)
  if (error.code === 'ENOENT') throw new UsageError(`flipstream simulator cannot start: ${error.message}; check SIMULATOR_SALES_FILE`)
  throw error
}

function configOf(env: Readonly<Record<string, string | undefined>>) {
  try {
    return parseConfig(simulatorSettings, env)
  } catch (error) {
    if (error instanceof ConfigError) throw new UsageError(`flipstream simulator cannot start:\n${error.message}\nSee --help`)
    throw error
  }
}
