/** Python peers that figures are measured beside: FLIPSTREAM_PEERS names the folder of their scripts; their packages get an environment of their own. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { checkoutRoot } from '#lib/stack/resolve.ts'

/** A folder that is not there where none is named: whoever needs a script of it says that it was not measured. */
export const peersDirectory = process.env['FLIPSTREAM_PEERS'] ?? join(checkoutRoot, 'peers')

/** Python with these packages; null, said aloud, where it cannot be had. */
export function peerPython(environmentName: string, packages: readonly string[], say: (line: string) => void): string | null {
  const environment = join(checkoutRoot, '.flipstream', 'peers', environmentName)
  const python = join(environment, 'bin', 'python')
  if (existsSync(join(environment, 'ready'))) return python
  say(`installing ${packages.join(', ')} into an environment of their own (about a minute)`)
  mkdirSync(environment, { recursive: true })
  const steps = [
    ['python3', '-m', 'venv', environment],
    [python, '-m', 'pip', 'install', '--quiet', ...packages],
    ['touch', join(environment, 'ready')],
  ] as const
  for (const [command, ...args] of steps) {
    const { status, stderr } = spawnSync(command, args, { encoding: 'utf8' })
    if (status === 0) continue
    say(`NOT MEASURED: ${environmentName} (${command} ${args.join(' ')}: ${String(stderr).slice(-300)})`)
    return null
  }
  return python
}
