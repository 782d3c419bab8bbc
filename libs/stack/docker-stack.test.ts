import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createDockerStack, type DockerStack } from './docker-stack.ts'

let directory: string
let server: Server | undefined
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'flipstream-docker-'))
})
afterEach(async () => {
  server?.close()
  await rm(directory, { recursive: true })
})

/** A `docker` of the test's own making: a shell script that notes how it was called. */
async function dockerThat(...lines: string[]): Promise<DockerStack> {
  const file = join(directory, 'docker')
  await writeFile(file, ['#!/bin/sh', `echo "$@" >> ${directory}/calls`, ...lines].join('\n'))
  await chmod(file, 0o755)
  return createDockerStack({ directory, env: { PATH: `${directory}:${process.env['PATH']}` }, onProgress: () => {} })
}

const calls = async () => (await readFile(join(directory, 'calls'), 'utf8')).trim().split('\n')

describe('Docker', () => {
  it('is used only where an engine and Docker Compose answer', async () => {
    expect(await (await dockerThat('exit 0')).isAvailable()).toBe(true)
    expect(await (await dockerThat('test "$1" = version && exit 1; exit 0')).isAvailable()).toBe(false)
    expect(await (await dockerThat('test "$1" = compose && exit 1; exit 0')).isAvailable()).toBe(false)
    expect(await createDockerStack({ directory, env: { PATH: '/nowhere' }, onProgress: () => {} }).isAvailable()).toBe(false)
  })

  it('is not asked about containers that this checkout never started', async () => {
    const stack = await dockerThat('exit 0')
    expect(await stack.reuse()).toBeNull()
    expect(await stack.stop()).toBe(false)
    await expect(calls()).rejects.toThrow(/ENOENT/)
  })

  it('says what Docker Compose says when it cannot start them', async () => {
    const progress: string[] = []
    await dockerThat('echo "no space left on device" >&2; exit 1')
    const env = { PATH: `${directory}:${process.env['PATH']}` }
    const stack = createDockerStack({ directory, env, onProgress: (line) => progress.push(line) })
    await expect(stack.start()).rejects.toThrow('docker compose up ended with 1')
    expect(progress).toContain('  docker: no space left on device')
    expect((await calls()).at(-1)).toMatch(/ down$/)
  })

  it('removes the containers it started, of its own project alone, and keeps their data', async () => {
    const ports = { broker: 1, registry: 2, store: 3 }
    await writeFile(join(directory, 'state.json'), JSON.stringify({ version: 1, servers: {}, docker: ports }))
    const stack = await dockerThat('exit 0')
    expect(await stack.stop()).toBe(true)
    expect(await calls()).toEqual([
      expect.stringMatching(/^compose --project-name flipstream-[0-9a-f]{8} --file \S+docker-compose\.kafka\.yml down$/),
    ])
    expect(await stack.stop()).toBe(false)
  })
})

describe('containers that run', () => {
  it('are not used unless all three are there and answer', async () => {
    // One web server that answers as a registry and as a store; there is no broker, so that the stack is not whole.
    server = createServer((request, response) => response.end(request.url === '/' ? '<Error>' : '[]'))
    const port = await new Promise<number>((resolve) => {
      server!.listen(0, '127.0.0.1', () => resolve((server!.address() as { port: number }).port))
    })
    const state = { version: 1, servers: {}, docker: { broker: port, registry: port, store: port } }
    await writeFile(join(directory, 'state.json'), JSON.stringify(state))
    expect(await (await dockerThat('echo kafka; echo registry')).reuse()).toBeNull()
    expect(await (await dockerThat('echo kafka; echo registry; echo store')).reuse()).toBeNull()
  })
})
