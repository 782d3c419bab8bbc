import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { identify } from '#lib/stack/processes.ts'
import { isSupportedNode } from '../bin/launch.mjs'

const launcher = fileURLToPath(new URL('../bin/node.mjs', import.meta.url))

let directory: string
let children: Run[]
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'flipstream-launcher-'))
  children = []
})
afterEach(async () => {
  for (const { child } of children) child.kill('SIGKILL')
  await rm(directory, { recursive: true })
})

type Run = Readonly<{ child: ChildProcess; output(): string; ended: Promise<{ code: number | null; signal: string | null }> }>

function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): Run {
  const child = spawn(command, args, { cwd: directory, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let text = ''
  for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (chunk) => (text += chunk))
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal }))
  const started = { child, output: () => text, ended }
  children.push(started)
  return started
}

async function script(...lines: string[]): Promise<string> {
  const file = join(directory, 'script.ts')
  await writeFile(file, lines.join('\n'))
  return file
}

/** A Node flag makes the launcher start a process of its own, as it does on an older Node. */
const asChild = '--expose-gc'

describe('the launcher', () => {
  it('takes Node 22 from 22.22 on, and nothing else', () => {
    expect(['22.22.0', '22.23.3'].map(isSupportedNode)).toEqual([true, true])
    expect(['20.20.2', '22.21.9', '23.0.0', '24.1.0'].map(isSupportedNode)).toEqual([false, false, false, false])
  })

  it.each([
    ['in this process', []],
    ['as a child', [asChild]],
  ])('runs TypeScript %s, with its arguments and its exit code', async (_, flags) => {
    const file = await script('const words: string[] = process.argv.slice(2)', 'console.log(words.join(" "), typeof gc)', 'process.exit(7)')
    const { output, ended } = run(process.execPath, [launcher, ...flags, file, '--json', 'a b'])
    expect(await ended).toEqual({ code: 7, signal: null })
    expect(output()).toBe(`--json a b ${flags.length > 0 ? 'function' : 'undefined'}\n`)
  })

  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('passes %s on, and waits until the script has ended by itself', async (signal) => {
    const file = await script(
      `process.on('${signal}', () => setTimeout(() => { console.log('drained'); process.exit(3) }, 50))`,
      'setInterval(() => {}, 1000)',
      'console.log("up")',
    )
    const { child, output, ended } = run(process.execPath, [launcher, asChild, file])
    await vi.waitFor(() => expect(output()).toContain('up'), 10_000)
    child.kill(signal)
    expect(await ended).toEqual({ code: 3, signal: null })
    expect(output()).toContain('drained')
  })

  it('reports a script that died of a signal as shells do', async () => {
    const file = await script('process.kill(process.pid, "SIGKILL")', 'setInterval(() => {}, 1000)')
    expect(await run(process.execPath, [launcher, asChild, file]).ended).toEqual({ code: 128 + 9, signal: null })
  })

  it('leaves no process behind when it is killed itself', async () => {
    const file = await script('console.log("pid", process.pid, "up")', 'setInterval(() => {}, 1000)')
    const { child, output } = run(process.execPath, [launcher, asChild, file])
    await vi.waitFor(() => expect(output()).toMatch(/pid \d+ up/), 10_000)
    child.kill('SIGKILL')
    const pid = Number(/pid (\d+)/.exec(output())![1])
    await vi.waitFor(() => expect(identify(pid)).toBeNull(), 10_000)
  })

  it('says what to do where there is no Node that it can use', async () => {
    await cp(join(launcher, '..'), join(directory, 'bin'), { recursive: true })
    const old = join(directory, 'pretend-old.mjs')
    await writeFile(old, 'Object.defineProperty(process, "versions", { value: { ...process.versions, node: "20.0.0" } })')
    const { output, ended } = run(process.execPath, ['--import', old, join(directory, 'bin', 'node.mjs'), 'x.ts'])
    expect(await ended).toEqual({ code: 1, signal: null })
    expect(output()).toMatch(/needs Node 22 \(22.22 or later\); this is 20.0.0.*\nRun: npm ci\n/)
  })
})

describe('the installer', () => {
  const lock = JSON.stringify({
    packages: { '': {}, 'node_modules/a': { version: '1.0.0', integrity: 'x' }, 'node_modules/b': { optional: true } },
  })

  /** A checkout with nothing but the installer, and an npm of the test's own making. */
  async function checkout(npm: string): Promise<(extra?: NodeJS.ProcessEnv) => Run> {
    const root = fileURLToPath(new URL('..', import.meta.url))
    await mkdir(join(directory, 'scripts'), { recursive: true })
    await cp(join(root, 'bin'), join(directory, 'bin'), { recursive: true })
    await cp(join(root, 'scripts', 'install.mjs'), join(directory, 'scripts', 'install.mjs'))
    await writeFile(join(directory, 'package-lock.json'), lock)
    await writeFile(join(directory, 'npm-cli.js'), npm)
    const env = { ...process.env, npm_execpath: join(directory, 'npm-cli.js'), npm_node_execpath: process.execPath }
    return () => run(process.execPath, [join(directory, 'scripts', 'install.mjs')], env)
  }

  const goodNpm = `
    const { mkdirSync, writeFileSync, appendFileSync } = require('node:fs')
    appendFileSync('npm-calls', process.argv[2] + ' ')
    setTimeout(() => { mkdirSync('node_modules', { recursive: true }); writeFileSync('node_modules/file', 'x'.repeat(3e6)) }, 300)`

  it('installs once, says what and how big, and then has nothing to do or to say', async () => {
    const install = await checkout(goodNpm)
    const first = install()
    expect((await first.ended).code).toBe(0)
    expect(first.output()).toMatch(/installing 2 packages with npm ci …\n.*installed 3 MB in \d+ s/s)
    const second = install()
    expect((await second.ended).code).toBe(0)
    expect(second.output()).toBe('')
  })

  it('installs once when started twice at the same time', async () => {
    const install = await checkout(goodNpm)
    const runs = [install(), install()]
    expect(await Promise.all(runs.map(({ ended }) => ended))).toEqual(runs.map(() => ({ code: 0, signal: null })))
    expect(runs.filter(({ output }) => output().includes('installing'))).toHaveLength(1)
    expect(runs.filter(({ output }) => output().includes('waiting for another installation'))).toHaveLength(1)
  })

  it('trusts what npm itself has installed, optional packages of other platforms missing', async () => {
    const install = await checkout('throw new Error("not to be called")')
    const installed = { packages: { 'node_modules/a': { version: '1.0.0', integrity: 'x' } } }
    await mkdir(join(directory, 'node_modules'))
    await writeFile(join(directory, 'node_modules', '.package-lock.json'), JSON.stringify(installed))
    expect((await install().ended).code).toBe(0)
  })

  it('installs again when the lock file asks for another version', async () => {
    const install = await checkout(goodNpm)
    await install().ended
    await writeFile(join(directory, 'package-lock.json'), lock.replace('1.0.0', '1.0.1'))
    const again = install()
    await again.ended
    expect(again.output()).toContain('installing')
  })

  it('says what npm said when it fails, and tries again the next time', async () => {
    const install = await checkout('console.error("npm error network"); process.exit(1)')
    for (const failed of [install(), install()]) {
      expect((await failed.ended).code).toBe(1)
      expect(failed.output()).toMatch(/npm ci failed.*npm error network.*Check the network/s)
    }
  })
})
