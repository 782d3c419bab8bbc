import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { editsOf, mutate } from './mutants/mutants.ts'
import { pipelineMutants } from './mutants/pipeline-mutants.ts'
import { runnerMutants } from './mutants/runner-mutants.ts'

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

/** In a process of its own: during a seed this machine's timers and clocks throw, and the test's own tools need them. */
const simulate = async (...args: string[]): Promise<string> => {
  const { stdout } = await promisify(execFile)(process.execPath, ['scripts/campaign/simulate.ts', ...args], { cwd: root })
  return stdout
}

describe('simulation', () => {
  it.each([
    { world: 'runner', seeds: 2_000 },
    { world: 'pipeline', seeds: 60 },
  ])(
    'finds every promise of the $world kept, whatever goes wrong by $seeds seeds',
    async ({ world, seeds }) => {
      expect(await simulate('--only', world, '--seeds', `1..${seeds}`)).toContain(`${seeds} seeds, 0 violations`)
    },
    120_000,
  )

  it.each([
    { world: 'runner', seed: 249, what: 'timers go off while the group works' },
    { world: 'runner', seed: 1_547, what: 'a take-over for an assignment that is over is tried again' },
    { world: 'runner', seed: 2_617, what: 'a group starts while its first position is about to be seen' },
    { world: 'runner', seed: 24_739, what: 'the same, and the answers are slow' },
    { world: 'runner', seed: 3_970_089, what: 'sessions expire while their members wait for a share' },
    { world: 'runner', seed: 2_152_789, what: 'at least once, a late commit sets the position back at the end' },
    { world: 'pipeline', seed: 405, what: 'a claim is taken for answered by the intent given up before it' },
    { world: 'pipeline', seed: 490, what: 'an intent that came too late is the last word on an alert that was told' },
    { world: 'pipeline', seed: 100_852, what: 'an intent that is given up too late is the last word' },
    { world: 'pipeline', seed: 101_853, what: 'and whoever was late dies before it says again what became of the alert' },
    { world: 'pipeline', seed: 203_397, what: 'the registry does not answer a notifier that starts' },
    { world: 'pipeline', seed: 133, what: 'the answer to the commit of an exchange rate is lost' },
    { world: 'pipeline', seed: 154, what: 'the same, beside other troubles' },
  ])(
    'keeps them by seed $seed of the $world, which once failed: $what',
    async ({ world, seed }) => {
      expect(await simulate('--only', world, '--seed', String(seed))).toContain('1 seeds, 0 violations')
    },
    60_000,
  )

  it.each(['runner', 'pipeline'])(
    'does the same again for the same seed of the %s',
    async (world) => {
      expect(await simulate('--only', world, '--seeds', '1..20', '--twice')).toContain('20 seeds twice, 0 violations')
    },
    60_000,
  )

  it.each([...runnerMutants, ...pipelineMutants])('has a planted fault that still applies: $name', async (mutant) => {
    for (const edit of editsOf(mutant)) {
      const text = await readFile(join(root, edit.file), 'utf8')
      expect(mutate(text, edit)).not.toBe(text)
    }
  })
})
