/** `flipstream <command>`: finds the command, runs it, ends with its exit code. */

import { apps } from '#app/apps.ts'
import { exitCodes } from '#lib/app/exit-codes.ts'
import { UsageError } from '#lib/app/usage-error.ts'
import { explainError } from '#lib/cli/explain-error.ts'
import { watchOutput } from '#lib/cli/output.ts'
import { keepPrivate } from '#lib/stack/private-folder.ts'
import { checkoutRoot } from '#lib/stack/resolve.ts'
import packageJson from '../../package.json' with { type: 'json' }
import { commands } from './commands.ts'

type Environment = Readonly<Record<string, string | undefined>>

function help(): string {
  const list = (entries: Readonly<Record<string, Readonly<{ summary: string }>>>) =>
    Object.entries(entries)
      .map(([name, { summary }]) => `  ${name.padEnd(12)}${summary}`)
      .join('\n')
  return `flipstream <command> [options]; help <command> says more, --version which this is\n\nCommands\n${list(commands)}\n\nApps (one process each, configured by environment variables)\n${list(apps)}\n`
}

/** `help <command>` is `<command> --help`. */
const asHelp = ([name, command, ...rest]: readonly string[]): readonly string[] =>
  name !== 'help' ? [name, command, ...rest].filter((word) => word !== undefined) : command === undefined ? ['--help'] : [command, '--help']

async function main(argv: readonly string[], env: Environment): Promise<number> {
  const [name, ...rest] = asHelp(argv)
  if (name === undefined || name === '--help' || name === '-h') {
    process.stdout.write(help())
    return name === undefined ? exitCodes.usage : exitCodes.done
  }
  if (name === '--version' || name === '-v') {
    process.stdout.write(`flipstream ${env['CODE_VERSION'] || packageJson.version}\n`)
    return exitCodes.done
  }
  if (!rest.includes('--help')) keepPrivate(checkoutRoot)
  const command = commands[name]
  if (command !== undefined) return command.run(rest, env)
  const app = apps[name]
  if (app !== undefined) return (await import('#lib/app/run-app.ts')).runApp(await app.load(), rest, env)
  throw new UsageError(`no command ${name}\n\n${help()}`)
}

const output = watchOutput(process.stdout)
// There is nowhere left to say that nothing can be said.
process.stderr.on('error', () => {})
try {
  process.exitCode = await main(process.argv.slice(2), process.env)
} catch (error) {
  process.stderr.write(`${explainError(error)}\n`)
  process.exitCode = error instanceof UsageError ? exitCodes.usage : exitCodes.failed
}
const lost = await output.flushed()
if (lost !== null) {
  process.stderr.write(`output could not be written: ${explainError(lost)}\n`)
  process.exitCode = exitCodes.failed
}
// What is still open (a socket that would not close) must not keep a finished command alive.
process.exit()
