import { expect, inject, test } from 'vitest'
import { topics } from '#lib/market/topics.ts'
import { runCommand } from './run-command.ts'
import { runPrefix } from './run-prefix.ts'

test('topics check says what is missing, create makes it once, and check finds every difference', { timeout: 60_000 }, async () => {
  const servers = { brokers: inject('brokers'), registryUrl: inject('registryUrl'), s3: inject('s3') }
  const PREFIX = runPrefix('topics')
  const flipstream = (...args: string[]) => runCommand(servers, ['topics', ...args], { PREFIX })

  const before = await flipstream('check')
  expect(before.stdout).toContain(`${PREFIX}alerts: is not there`)
  expect(before.code).toBe(1)

  expect(await flipstream('create', '--partitions', '2', '--replicas', '1')).toMatchObject({
    code: 0,
    stdout: 'all topics are as declared\n',
  })
  expect(await flipstream('create', '--partitions', '2')).toMatchObject({ code: 0 })

  const grown = await flipstream('check', '--partitions', '4', '--replicas', '3', '--json')
  const { ok, differences } = JSON.parse(grown.stdout) as { ok: boolean; differences: { topic: string; difference: string }[] }
  expect(grown.code).toBe(1)
  expect(ok).toBe(false)
  const spread = Object.values(topics).filter(({ partitions }) => partitions === 'many').length
  expect(differences.filter(({ difference }) => difference === 'partitions: expected 4, found 2')).toHaveLength(spread)
  expect(differences.filter(({ difference }) => difference === 'copies of a partition: expected 3, found 1')).toHaveLength(
    Object.keys(topics).length,
  )
})
