import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { mutate } from './mutants/mutants.ts'
import { runnerMutants } from './mutants/runner-mutants.ts'

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

/** In a process of its own: during a seed this machine's timers and clocks throw, and the test's own tools need them. */
const simulate = async (...args: string[]): Promise<string> => {
  const { stdout } = await promisify(execFile)(process.execPath, ['scripts/simulate.ts', ...args], { cwd: root })
  return stdout
}

describe('simulation', () => {
  it('finds every promise kept, whatever goes wrong by these seeds', async () => {
    expect(await simulate('--only', 'runner', '--seeds', '1..3000')).toContain('3000 seeds, 0 violations')
  }, 120_000)

  it('does the same again for the same seed', async () => {
    expect(await simulate('--seeds', '1..100', '--twice')).toContain('100 seeds twice, 0 violations')
  }, 60_000)

  it.each(runnerMutants)('has a planted fault that still applies: $name', async (mutant) => {
    const text = await readFile(join(root, mutant.file), 'utf8')
    expect(mutate(text, mutant)).not.toBe(text)
  })
})
