import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { environmentOf, type StackAddresses } from '#lib/stack/addresses.ts'

const cli = fileURLToPath(new URL('../apps/cli/main.ts', import.meta.url))

/** Runs `flipstream …` on given servers, as a process of its own, to its end. */
export async function runCommand(
  servers: StackAddresses,
  args: readonly string[],
  settings: Readonly<Record<string, string>> = {},
): Promise<Readonly<{ stdout: string; stderr: string; code: number | null }>> {
  const child = spawn(process.execPath, [cli, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      ...environmentOf(servers),
      ...settings,
    },
  })
  const exited = new Promise<number | null>((resolve) => child.once('close', resolve))
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), exited])
  return { stdout, stderr, code }
}
