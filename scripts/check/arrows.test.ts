import { describe, expect, it } from 'vitest'
import { arrowViolations } from './arrows.ts'

const violations = (files: Record<string, string>) =>
  arrowViolations(Object.entries(files).map(([path, text]) => ({ path, text }))).map(
    ({ path, line, message }) => `${path}:${line} ${message}`,
  )

describe('the arrows between rooms', () => {
  it('an app imports libs, and itself', () => {
    const files = { 'apps/a/main.ts': "import { x } from '#lib/x/x.ts'\nimport { y } from './y.ts'", 'apps/a/y.ts': '', 'libs/x/x.ts': '' }
    expect(violations(files)).toEqual([])
  })

  it.each([
    ["import { b } from '#app/b/b.ts'"],
    ["import type { B } from '#app/b/b.ts'"],
    ["const b = await import('#app/b/b.ts')"],
    ["import { b } from '../b/b.ts'"],
  ])('an app never imports another: %s', (statement) => {
    expect(violations({ 'apps/a/main.ts': `\n${statement}`, 'apps/b/b.ts': '' })).toEqual([
      'apps/a/main.ts:2 imports one app from another: move what both need into a lib (apps/a/main.ts → apps/b/b.ts)',
    ])
  })

  it('each word of the command line is an app of its own; the registry and `up` compose', () => {
    expect(violations({ 'apps/cli/dlq/main.ts': "import { r } from '#app/cli/runs/main.ts'" })).toHaveLength(1)
    expect(violations({ 'apps/cli/main.ts': "await import('#app/cli/runs/main.ts')" })).toEqual([])
    expect(violations({ 'apps/cli/up/play.ts': "import { c } from '#app/collector/config.ts'" })).toEqual([])
    expect(violations({ 'apps/apps.ts': "await import('#app/collector/main.ts')" })).toEqual([])
  })

  it('a lib imports no app', () => {
    expect(violations({ 'libs/a/a.ts': "import type { C } from '#app/c/config.ts'" })[0]).toContain('imports an app from a lib')
  })

  it('tests and rigs import what they like; production code imports no rig', () => {
    expect(
      violations({ 'apps/a/a.test.ts': "import { b } from '#app/b/b.ts'", 'libs/a/testing/w.ts': "import { b } from '#app/b/b.ts'" }),
    ).toEqual([])
    expect(violations({ 'libs/a/a.ts': "import { w } from './testing/w.ts'" })[0]).toContain('imports a test rig')
  })

  it('no circle between folders, over however many of them', () => {
    const files = {
      'libs/a/a.ts': "import { b } from '#lib/b/b.ts'",
      'libs/b/b.ts': "import type { C } from '#lib/c/c.ts'",
      'libs/c/c.ts': '',
    }
    expect(violations(files)).toEqual([])
    const closed = violations({ ...files, 'libs/c/c.ts': "import { other } from '#lib/a/other.ts'" })
    expect(closed).toHaveLength(1)
    expect(closed[0]).toContain('closes a circle of folders: libs/a → libs/b → libs/c → libs/a')
    expect(closed[0]).toContain('libs/c/c.ts → libs/a/other.ts')
  })

  it('a folder of too many files is two things', () => {
    const files = Object.fromEntries(Array.from({ length: 25 }, (_, i) => [`libs/a/f${i}.ts`, '']))
    expect(violations(files)[0]).toContain('libs/a:1 holds 25 files')
  })
})
