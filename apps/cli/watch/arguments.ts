import { parseArgs } from 'node:util'
import { UsageError } from '#lib/app/usage-error.ts'
import { durationOption } from '#lib/cli/values.ts'

export type WatchArguments = Readonly<{
  /** Null: the last one. */
  run: string | null
  /** Ends by itself after this long; null: ctrl-C. */
  forSeconds: number | null
  json: boolean
}>

export const watchHelp = `flipstream watch: the alerts and the health of a pipeline that runs, live in this terminal, until ctrl-C.

  --run NAME        of this run (default: PREFIX where set, else the last run; flipstream runs ls lists them)
  --for DURATION    end by itself, for example 90s or 10m
  --json            print how things stand now as one JSON object, and end

Where stdout is no terminal, alerts come as lines, and the health every ten seconds. It reads the log and changes nothing.
`

/** Throws UsageError. */
export function parseWatchArguments(argv: readonly string[]): WatchArguments {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: { run: { type: 'string' }, for: { type: 'string' }, json: { type: 'boolean' } },
    })
    return {
      run: values.run ?? null,
      forSeconds: values.for === undefined ? null : durationOption('--for', values.for) / 1_000,
      json: values.json ?? false,
    }
  } catch (error) {
    throw error instanceof UsageError ? error : new UsageError(`${(error as Error).message}\n\n${watchHelp}`)
  }
}
