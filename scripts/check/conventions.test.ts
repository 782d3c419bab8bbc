import { describe, expect, it } from 'vitest'
import { findViolations } from './conventions.ts'
import { withoutComments } from './imports.ts'

const violations = (path: string, ...lines: string[]) =>
  findViolations([{ path, text: lines.join('\n') }]).map(({ line, message }) => `${line}: ${message.split(':')[0]}`)

describe('conventions', () => {
  const clock = 'reads the clock or chance'
  it.each(['Date.now()', 'new Date()', 'Math.random()', 'randomUUID()', 'randomBytes(8)'])('%s is for libs/clock alone', (expression) => {
    const line = `const x = ${expression}`
    expect(violations('libs/stages/alerter.ts', '', line)).toEqual([`2: ${clock}`])
    expect(violations('libs/market/level.test.ts', line)).toEqual([`1: ${clock}`])
    expect(violations('libs/clock/clock.ts', line)).toEqual([])
  })

  it('a date made from a number, and comments about the clock, are fine', () => {
    expect(
      violations('libs/market/level.ts', 'new Date(millis)', '// not Date.now()', '/* nor', 'Math.random() */', 'x() // new Date()'),
    ).toEqual([])
  })

  it('a deadline is reckoned by monotonic time', () => {
    const wall = '1: reckons a deadline by wall time, which jumps'
    expect(violations('tests/a.test.ts', 'while (clock.now() < deadline) await step()')).toEqual([wall])
    expect(violations('tests/a.test.ts', 'const deadline = clock.now() + 1_000')).toEqual([wall])
    expect(violations('tests/a.test.ts', 'const deadline = clock.monotonic() + 1_000')).toEqual([])
    expect(violations('tests/a.test.ts', 'if (performance.now() > deadline) stop()')).toEqual([])
  })

  it('a comment begins with what it is about', () => {
    expect(violations('libs/a/b.ts', '/** Of each kind. */', '  // Null of models without it.', '/** Often. */')).toHaveLength(2)
    expect(violations('schemas/types.ts', '  /** Of the listing. */')).toEqual([])
  })

  it('a limit is a max', () => {
    expect(violations('libs/a/b.ts', 'const mostPages = 20', 'limits.longestWaitMillis', 'const maxPages = 20')).toHaveLength(2)
    expect(violations('libs/a/b.ts', 'settings.mostLeaves', 'faults.longestPage', 'almostDone', 'mostly')).toEqual([])
  })

  it('a bucket is listed by key', () => {
    expect(violations('tests/cleanup.ts', "client.listObjectsV2(bucket, '', true)")).toHaveLength(1)
    expect(violations('libs/objectstore/s3-listing.ts', "client.listObjectsV2Query(bucket, prefix, '', '', pageKeys, '')")).toEqual([])
  })

  it('libraries do not read the environment, apps and tests may', () => {
    expect(violations('libs/app/config.ts', 'process.env.HOME')).toEqual(['1: reads process.env in a library'])
    expect(violations('apps/cli/main.ts', 'process.env')).toEqual([])
    expect(violations('libs/app/config.test.ts', 'process.env')).toEqual([])
  })

  it('no barrels', () => {
    const reExports = 're-exports what another file defines'
    expect(violations('libs/a/b.ts', "export * from './c.ts'", "export { x } from './c.ts'", "export type { X } from './c.ts'")).toEqual(
      [1, 2, 3].map((line) => `${line}: ${reExports}`),
    )
    expect(violations('libs/a/index.ts', 'export const x = 1')).toEqual(['1: is called index'])
    expect(violations('libs/a/b.ts', 'const x = 1', 'export { x }')).toEqual([])
  })

  it('named exports, no classes but errors', () => {
    expect(violations('libs/a/b.ts', 'export default 1')).toHaveLength(1)
    expect(violations('vitest.config.ts', 'export default 1')).toHaveLength(0)
    expect(
      violations('libs/a/b.ts', 'export class Store {', 'class NotFoundError extends Error {', 'class B extends FatalError {'),
    ).toEqual(['1: declares a class that is not an error'])
  })

  it('no test is left out in silence', () => {
    expect(violations('libs/a/b.test.ts', "it.only('x')", "describe.skip('y')", "it.skipIf(x)('z')")).toHaveLength(2)
  })

  it('no path of one machine, no host of a registry', () => {
    // Assembled, so that this file does not name them itself.
    const home = ['', 'root', 'x'].join('/')
    const registry = ['https:/', `registry.${'npmjs'}.org`, 'x'].join('/')
    expect(violations('libs/a/b.ts', `open('${home}')`)).toHaveLength(1)
    expect(violations('docs/README.md', `see ${registry}`)).toHaveLength(1)
    expect(violations('docker-compose.yml', `image: ${['ghcr', 'io/x/y'].join('.')}`)).toHaveLength(1)
    expect(violations('docs/README.md', 'see https://kafka.apache.org/documentation and https://docs.docker.com/compose')).toEqual([])
    expect(violations('package-lock.json', '{', `  "resolved": "x"`)).toHaveLength(1)
  })

  it('a processor is pure, through whatever it imports', () => {
    const files = [
      { path: 'libs/stages/scorer.ts', text: "import type { Kafka } from 'kafkajs'\nimport { a } from '#lib/a/a.ts'" },
      { path: 'libs/a/a.ts', text: "import {\n  b,\n} from './b.ts'\n" },
      { path: 'libs/a/b.ts', text: "import { readFileSync } from 'node:fs'" },
    ]
    expect(findViolations(files)).toEqual([
      {
        path: 'libs/stages/scorer.ts',
        line: 1,
        message: 'is to be pure, but reaches node:fs (libs/stages/scorer.ts → libs/a/a.ts → libs/a/b.ts → node:fs)',
      },
    ])
    expect(findViolations(files.slice(0, 2))).toEqual([])
  })

  it('comments are blanked in place', () => {
    expect(withoutComments("a /* b\nc */ d // e\n'https://f'")).toBe("a     \n     d     \n'https://f'")
  })
})
