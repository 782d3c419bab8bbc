import { type ParseArgsConfig, parseArgs } from 'node:util'
import { UsageError } from '#lib/app/usage-error.ts'

/** Arguments of a command by its table of options. UsageError, with where to read on, for what the table does not know. */
export function parseOptions<const Config extends Omit<ParseArgsConfig, 'args'>>(
  command: string,
  argv: readonly string[],
  config: Config,
): ReturnType<typeof parseArgs<Config>> {
  try {
    return parseArgs<Config>({ ...config, args: [...argv] })
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\nSee ${command} --help`)
  }
}
