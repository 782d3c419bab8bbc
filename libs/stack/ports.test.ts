import { createServer } from 'node:net'
import { expect, it } from 'vitest'
import { choosePorts, freePort } from './ports.ts'

it('takes the wanted ports where they are free, and the next ones where not', async () => {
  const port = await freePort()
  expect(await choosePorts({ http: port })).toEqual({ http: port })
  const other = createServer().listen(port, '127.0.0.1')
  await new Promise((resolve) => other.once('listening', resolve))
  const { first, second } = await choosePorts({ first: port, second: port })
  expect(first).toBeGreaterThan(port)
  expect(second).toBeGreaterThan(first!)
  other.close()
})

it('gives ports below those of outgoing connections, another one each time', async () => {
  const ports = await Promise.all(Array.from({ length: 20 }, freePort))
  expect(new Set(ports).size).toBe(20)
  expect(Math.max(...ports)).toBeLessThan(32_768)
})
