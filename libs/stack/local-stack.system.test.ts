import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { Kafka, logLevel } from 'kafkajs'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createTemporaryStack, type TemporaryStack } from '../../tests/temporary-stack.ts'
import type { StackAddresses } from './addresses.ts'
import { identify, isAlive, killProcess } from './processes.ts'
import { checkReachable } from './reachable.ts'

let stack: TemporaryStack
beforeEach(async () => {
  stack = await createTemporaryStack()
})
afterEach(() => stack.dispose())

const pids = async () => Object.fromEntries(Object.entries((await stack.state()).servers).map(([name, { pid }]) => [name, pid]))

async function withAdmin<T>({ brokers }: StackAddresses, use: (admin: ReturnType<Kafka['admin']>) => Promise<T>): Promise<T> {
  const admin = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  return use(admin).finally(() => admin.disconnect())
}

const createTopic = (addresses: StackAddresses, topic: string) =>
  withAdmin(addresses, (admin) => admin.createTopics({ topics: [{ topic, numPartitions: 1 }], waitForLeaders: true }))
const topics = (addresses: StackAddresses) => withAdmin(addresses, (admin) => admin.listTopics())

/** A start in a process of its own, to be killed. */
function startElsewhere() {
  const module = new URL('./local-stack.ts', import.meta.url).href
  const code = `import { createLocalStack } from '${module}'
    await createLocalStack({ directory: ${JSON.stringify(stack.directory)}, env: process.env, onProgress: () => {} }).start()`
  return spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: 'inherit' })
}

it('a start that is killed in its middle is taken over by the next one, wherever it was', async () => {
  const killed = startElsewhere()
  await vi.waitFor(async () => expect(Object.keys((await stack.state()).servers)).toHaveLength(3), { timeout: 60_000, interval: 20 })
  killed.kill('SIGKILL')
  const before = await pids()
  await stack.start()
  expect(await pids()).toEqual(before)
})

it('a start that is killed before it could note anything leaves no server behind that disturbs the next one', async () => {
  const killed = startElsewhere()
  await vi.waitFor(async () => expect(Object.keys((await stack.state()).servers)).toHaveLength(3), { timeout: 60_000, interval: 20 })
  killed.kill('SIGKILL')
  const { servers } = await stack.state()
  await writeFile(join(stack.directory, 'state.json'), '{"version":1,"servers":{"kafka":{"pi')
  const addresses = await stack.start()
  expect(Object.values(servers).map(isAlive)).toEqual([false, false, false])
  await createTopic(addresses, 'works')
})

it('a registry that is killed while it creates its tables starts all the same', async () => {
  const tables = join(stack.directory, 'data', 'registry', 'registry.mv.db')
  const killed = startElsewhere()
  await vi.waitFor(() => expect(existsSync(tables)).toBe(true), { timeout: 60_000, interval: 20 })
  killed.kill('SIGKILL')
  await killProcess((await stack.state()).servers.registry)
  await checkReachable({ registryUrl: (await stack.start()).registryUrl })
})

it('a broker that was killed comes back alone, on its port and with its data', async () => {
  const addresses = await stack.start()
  await createTopic(addresses, 'kept')
  const { servers } = await stack.state()
  await killProcess(servers.kafka)
  expect(await stack.reuse()).toBeNull()
  expect(await stack.start()).toEqual(addresses)
  expect(await topics(addresses)).toContain('kept')
  const after = await pids()
  expect(after).toMatchObject({ registry: servers.registry.pid, store: servers.store.pid })
  expect(after['kafka']).not.toBe(servers.kafka.pid)
})

it('a port that somebody else took in the meantime is left to them', async () => {
  const addresses = await stack.start()
  await createTopic(addresses, 'kept')
  await stack.stop()
  const { servers } = await stack.state()
  const taken = [...Object.values(servers.kafka.ports), ...Object.values(servers.registry.ports)]
  const others = taken.map((port) => createServer().listen(port, '127.0.0.1'))
  try {
    const moved = await stack.start()
    expect(moved.brokers).not.toEqual(addresses.brokers)
    expect(moved.registryUrl).not.toBe(addresses.registryUrl)
    expect(moved.s3).toEqual(addresses.s3)
    expect(await topics(moved)).toContain('kept')
    expect(stack.progress).toContainEqual(expect.stringMatching(new RegExp(`port ${servers.kafka.ports['broker']} is taken`)))
  } finally {
    for (const other of others) other.close()
  }
})

it('servers of another version are replaced', async () => {
  const addresses = await stack.start()
  const state = await stack.state()
  await writeFile(join(stack.directory, 'state.json'), JSON.stringify({ ...state, artifacts: 'servers-of-before' }))
  expect(await stack.reuse()).toBeNull()
  expect(await stack.start()).toEqual(addresses)
  expect(Object.values(state.servers).map(isAlive)).toEqual([false, false, false])
})

it('a pid that belongs to another process now is left alone', async () => {
  const addresses = await stack.start()
  const state = await stack.state()
  await stack.stop()
  const bystander = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
  const servers = { ...state.servers, kafka: { ...state.servers.kafka, pid: bystander.pid! } }
  await writeFile(join(stack.directory, 'state.json'), JSON.stringify({ ...state, servers }))
  expect(await stack.start()).toEqual(addresses)
  await stack.stop()
  expect(identify(bystander.pid!)).not.toBeNull()
  bystander.kill('SIGKILL')
})

it('a server that is there but does not answer is replaced', async () => {
  const addresses = await stack.start()
  const { servers } = await stack.state()
  process.kill(servers.store.pid, 'SIGSTOP')
  expect(await stack.start()).toEqual(addresses)
  expect(isAlive(servers.store)).toBe(false)
  expect(stack.progress).toContainEqual(expect.stringContaining('does not serve and is replaced'))
})
