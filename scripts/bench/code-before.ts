/** The code of an earlier commit, ready to run: a worktree with packages of its own, kept under .flipstream/bench. */
import { spawnSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { checkoutRoot } from '#lib/stack/resolve.ts'

export function codeBefore(commit: string, say: (line: string) => void): string {
  const directory = join(checkoutRoot, '.flipstream', 'bench', commit)
  const ready = join(directory, '.ready')
  if (existsSync(ready)) return directory
  say(`preparing the code of ${commit} (some minutes)`)
  if (!existsSync(directory)) run('git', ['worktree', 'add', '--detach', directory, commit], checkoutRoot)
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel', 'error'], directory)
  writeFileSync(ready, '')
  return directory
}

export function commitOf(directory: string): string {
  const output = (args: readonly string[]) => spawnSync('git', args, { cwd: directory, encoding: 'utf8' }).stdout.trim()
  const commit = output(['rev-parse', '--short', 'HEAD'])
  return output(['status', '--porcelain', '--untracked-files=no']) === '' ? commit : `${commit} and changes`
}

function run(command: string, args: readonly string[], cwd: string): void {
  const { status, error } = spawnSync(command, args, { cwd, stdio: ['ignore', 2, 2] })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${error?.message ?? `exit code ${status}`}`)
}
