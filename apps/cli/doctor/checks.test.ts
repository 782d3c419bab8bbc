import { describe, expect, it } from 'vitest'
import { type Check, diagnose } from './checks.ts'
import type { Facts } from './facts.ts'

const gibibyte = 1024 ** 3

/** A machine where everything is there and the servers run. */
const machine: Facts = {
  node: { version: '22.23.3', path: '/usr/bin/node', isSupported: true },
  packages: { areCurrent: true },
  settings: [],
  servers: { running: 'Kafka 127.0.0.1:9092', bringsOwn: true },
  runs: [{ run: '20261123T064500Z-recorded', url: 'http://127.0.0.1:9464/metrics' }],
  tools: {
    java: { path: '/usr/bin/java', version: 17 },
    maven: '/usr/bin/mvn',
    areFetched: true,
    canInstall: false,
    installCommand: 'apt-get install -y default-jre-headless maven',
    chromiumCommand: 'apt-get install -y chromium',
  },
  docker: { cli: true, engine: true },
  disk: { freeBytes: 50 * gibibyte, neededBytes: gibibyte, directory: '/checkout' },
  memory: { availableBytes: 8 * gibibyte },
  tensorflow: { isNative: true },
  chromium: '/usr/bin/chromium',
  hasApiKey: true,
  spent: [],
}

const without = (changes: Partial<Facts>): Facts => ({ ...machine, ...changes })
const idle = { running: null, bringsOwn: true }
const noDocker = { cli: false, engine: false }
const noTools = { ...machine.tools, java: null, maven: null, areFetched: false }

const named = (facts: Facts, name: string): Check => diagnose(facts).find((check) => check.name === name)!
const missing = (facts: Facts) =>
  diagnose(facts)
    .filter(({ status }) => status === 'missing')
    .map(({ name, fix }) => `${name}: ${fix}`)

describe('doctor', () => {
  it('finds nothing to mend where everything is there', () => {
    expect(diagnose(machine).every(({ status, fix }) => status === 'ok' && fix === null)).toBe(true)
  })

  it('gives a fix for whatever it does not find', () => {
    const bare = without({
      tools: noTools,
      docker: noDocker,
      servers: idle,
      chromium: null,
      hasApiKey: false,
      tensorflow: { isNative: false },
    })
    expect(diagnose(bare).filter(({ status, fix }) => status !== 'ok' && fix === null)).toEqual([])
  })

  it('names where the metrics of each run are that is played now', () => {
    const runs = [
      { run: 'a', url: 'http://127.0.0.1:9464/metrics' },
      { run: 'b', url: 'http://127.0.0.1:9465/metrics' },
    ]
    const found = diagnose(without({ runs })).filter(({ name }) => name === 'metrics')
    expect(found.map(({ found: where }) => where)).toEqual([
      'http://127.0.0.1:9464/metrics (run a)',
      'http://127.0.0.1:9465/metrics (run b)',
    ])
    expect(named(without({ runs: [] }), 'metrics').status).toBe('absent')
  })

  it('needs one way to have servers, whichever', () => {
    const bare = without({ tools: noTools, docker: noDocker, servers: idle })
    expect(missing(bare)).toEqual(['servers: apt-get install -y default-jre-headless maven'])
    expect(missing({ ...bare, docker: { cli: true, engine: true } })).toEqual([])
    expect(missing({ ...bare, tools: { ...noTools, java: machine.tools.java, maven: '/usr/bin/mvn' } })).toEqual([])
    expect(missing({ ...bare, tools: { ...noTools, java: machine.tools.java, areFetched: true } })).toEqual([])
    expect(missing({ ...bare, tools: { ...noTools, canInstall: true } })).toEqual([])
    expect(missing({ ...bare, servers: { running: null, bringsOwn: false } })).toEqual([])
    expect(missing({ ...bare, servers: machine.servers })).toEqual([])
  })

  it('says which setting names a server that does not answer', () => {
    const settings = [{ name: 'KAFKA_BROKERS', value: 'a:1', problem: 'expected a Kafka broker at a:1, but …' }]
    expect(named(without({ settings }), 'KAFKA_BROKERS')).toMatchObject({ status: 'missing', found: expect.stringContaining('a:1') })
  })

  it('asks for npm ci where Node or the packages are not the right ones', () => {
    const old = { version: '20.20.2', path: '/usr/bin/node', isSupported: false }
    expect(missing(without({ node: old, packages: { areCurrent: false } }))).toEqual(['Node: npm ci', 'packages: npm ci'])
  })

  it('minds the disk, and only mentions the memory', () => {
    expect(missing(without({ disk: { ...machine.disk, freeBytes: gibibyte / 2 } }))).toEqual(['disk: free space until 1.0 GiB are left'])
    expect(named(without({ memory: { availableBytes: gibibyte } }), 'memory').status).toBe('absent')
  })
})
