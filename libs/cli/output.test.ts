import { execFile } from 'node:child_process'
import { PassThrough } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { FatalError } from '#lib/errors/errors.ts'
import { explainError } from './explain-error.ts'
import { watchOutput } from './output.ts'

const cli = fileURLToPath(new URL('../../apps/cli/main.ts', import.meta.url))

/** How a shell would see it. */
async function shell(command: string): Promise<{ code: number; stderr: string }> {
  try {
    const { stderr } = await promisify(execFile)('sh', ['-c', command], { env: { ...process.env, NODE: process.execPath, CLI: cli } })
    return { code: 0, stderr }
  } catch (error) {
    const { code, stderr } = error as { code: number; stderr: string }
    return { code, stderr }
  }
}

describe('output that cannot be written is a failure, and says so', { timeout: 60_000 }, () => {
  test.each(['--help', 'up --help', 'sample --days 0.1', 'scorer --help', 'rules fields'])('flipstream %s > /dev/full', async (command) => {
    const { code, stderr } = await shell(`"$NODE" "$CLI" ${command} > /dev/full`)
    expect(stderr).toMatch(/output could not be written: No space is left/)
    expect(code).toBe(1)
  })

  test('whoever reads only the first line is none', async () => {
    const { code, stderr } = await shell(`"$NODE" "$CLI" sample --days 3 | head -1 > /dev/null`)
    expect([code, stderr]).toEqual([0, ''])
  })
})

test('what was written before a stream failed is not forgotten', async () => {
  const stream = new PassThrough()
  const output = watchOutput(stream)
  stream.destroy(Object.assign(new Error('disk'), { code: 'ENOSPC' }))
  expect(await output.flushed()).toMatchObject({ code: 'ENOSPC' })
})

describe('an error that ends a command', () => {
  const system = (code: string, path?: string) =>
    Object.assign(new Error(`${code}: something, open '${path}'`), { code, ...(path && { path }) })

  test.each([
    [new FatalError('no broker answers'), /^no broker answers$/],
    [system('ENOSPC', 'reports/r.html'), /^No space is left where reports\/r\.html is \(ENOSPC\): free some/],
    [system('ENOSPC'), /^No space is left there/],
    [system('EROFS', '.flipstream/runs'), /^\.flipstream\/runs may not be read or written \(EROFS\)/],
    [system('EMFILE', 'x'), /ulimit -n 4096/],
    [system('ENOENT', 'no/where/out.csv'), /no\/where\/out\.csv/],
  ])('%s is a sentence, not a stack', (error, sentence) => {
    expect(explainError(error)).toMatch(sentence)
    expect(explainError(error)).not.toMatch(/\n\s+at /)
  })

  test('of ours shows where, and asks for a report', () => {
    expect(explainError(new TypeError('x is not a function'))).toMatch(/TypeError: x is not a function\n\s+at [\s\S]*please report it/)
  })
})
