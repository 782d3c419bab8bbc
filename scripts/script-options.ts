import { type ParseArgsConfig, parseArgs } from 'node:util'

type Options = NonNullable<ParseArgsConfig['options']>
type Values<Given extends Options> = ReturnType<typeof parseArgs<{ options: Given; allowPositionals: true }>>

/**
 * The options of a script. `--help` prints its text and ends with 0; an option that is unknown or lacks its value ends with 2 and the
 * same text: a script is a command like any other.
 */
export function scriptOptions<const Given extends Options>(help: string, options: Given): Values<Given> {
  if (process.argv.slice(2).includes('--help')) {
    process.stdout.write(`${help.trim()}\n`)
    process.exit(0)
  }
  try {
    return parseArgs<{ options: Given; allowPositionals: true }>({ options, allowPositionals: true })
  } catch (error) {
    return endWithUsage(`${(error as Error).message}\n\n${help.trim()}`)
  }
}

/** Exit code 2: what was given cannot be run. */
export function endWithUsage(message: string): never {
  process.stderr.write(`${message}\n`)
  process.exit(2)
}
