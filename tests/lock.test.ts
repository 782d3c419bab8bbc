import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, it } from 'vitest'
import { randomId } from '#lib/clock/clock.ts'
import { acquireLock } from '../bin/lock.mjs'

const lockModule = new URL('../bin/lock.mjs', import.meta.url).href

/** Another process that takes the lock, says so, and keeps it until it is killed. */
async function holder(name: string) {
  const code = `import { acquireLock } from '${lockModule}'; await acquireLock('${name}'); console.log('mine'); setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  return child
}

it('one holder at a time, whoever comes', async () => {
  const name = randomId()
  let inside = 0
  let most = 0
  const visit = async () => {
    const release = await acquireLock(name)
    most = Math.max(most, ++inside)
    await new Promise((resolve) => setImmediate(resolve))
    inside--
    await release()
  }
  await Promise.all(Array.from({ length: 20 }, visit))
  expect(most).toBe(1)
})

it('the lock of a process that was killed is free at once', async () => {
  const name = randomId()
  const other = await holder(name)
  let waited = 0
  const acquired = acquireLock(name, { onWait: () => waited++ })
  other.kill('SIGKILL')
  const release = await acquired
  expect(waited).toBeLessThanOrEqual(1)
  await release()
})

it('says that it waits, and gives up in time', async () => {
  const name = randomId()
  const other = await holder(name)
  let waited = 0
  try {
    const gaveUp = acquireLock(name, { timeoutMillis: 200, onWait: () => waited++ })
    await expect(gaveUp).rejects.toThrow(`process ${other.pid} holds the lock "${name}"`)
    expect(waited).toBe(1)
  } finally {
    other.kill('SIGKILL')
  }
})

it('different names do not disturb each other', async () => {
  const releases = [await acquireLock(randomId()), await acquireLock(randomId())]
  for (const release of releases) await release()
})
