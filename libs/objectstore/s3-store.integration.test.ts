import { Client } from 'minio'
import { describe, expect, inject, it } from 'vitest'
import { startPrivateServer } from '../../tests/private-servers.ts'
import { bucketName } from '../../tests/run-prefix.ts'
import { createS3Store } from './s3-store.ts'
import { describeObjectStore } from './testing/object-store-contract.ts'

const open = (bucket: string, change: Partial<Parameters<typeof createS3Store>[0]> = {}) => {
  const { endpoint, region, accessKey, secretKey } = inject('s3')
  return createS3Store({ endpoint, region, bucket, accessKey, secretKey, ...change })
}

describeObjectStore('S3 server', async () => {
  const bucket = bucketName('contract')
  return { store: open(bucket), reopen: () => open(bucket) }
})

describe('S3 store on a real server', () => {
  it('lets one writer win a large object, and cuts nobody off', async () => {
    const bucket = bucketName('large')
    const body = (writer: number) => Buffer.alloc(16 * 1024 * 1024, writer)
    const answers = await Promise.all([1, 2, 3, 4].map((writer) => open(bucket).putIfAbsent('large/object', body(writer))))
    expect(answers.toSorted()).toEqual(['created', 'exists', 'exists', 'exists'])
    expect((await open(bucket).get('large/object'))?.equals(body(answers.indexOf('created') + 1))).toBe(true)
  })

  it('lists what others put there, whatever their keys hold', async () => {
    const { endpoint, accessKey, secretKey, region } = inject('s3')
    const bucket = bucketName('strange')
    await open(bucket).putIfAbsent('before', Buffer.from('x'))
    const { hostname, port } = new URL(endpoint)
    const other = new Client({ endPoint: hostname, port: Number(port), useSSL: false, accessKey, secretKey, region, pathStyle: true })
    const marks = ['=', '%', '+', ' ', '%2F', '%3D', 'a=b/c+d e%', 'ä']
    const keys = Array.from(
      { length: 2_500 },
      (_, index) => `strange/${marks[index % marks.length]}x/${String(index).padStart(5, '0')}${marks[index % 7]}z`,
    )
    for (let start = 0; start < keys.length; start += 50)
      await Promise.all(keys.slice(start, start + 50).map((key) => other.putObject(bucket, key, 'x')))
    const found: string[] = []
    for await (const { key } of open(bucket).list('strange/')) found.push(key)
    expect(found).toEqual(keys.toSorted())
  })

  it('stops at credentials that the server refuses', async () => {
    const refused = open(bucketName('refused'), { secretKey: 'not-the-secret' })
    await expect(refused.get('a/b')).rejects.toMatchObject({ name: 'FatalError', message: expect.stringContaining('S3_SECRET_KEY') })
  })

  it('goes on after the server was killed: nothing acknowledged is lost, nothing half-written is seen', async () => {
    const server = await startPrivateServer('store')
    try {
      const store = open('survivor', { endpoint: server.address, timeoutMillis: 5_000 })
      const written = new Map<string, Buffer>()
      for (let round = 0; round < 3; round++) {
        const puts = Array.from({ length: 40 }, async (_, index) => {
          const key = `survivor/${round}-${String(index).padStart(2, '0')}`
          const body = Buffer.alloc(200_000, index)
          const answer = await store.putIfAbsent(key, body).catch((error) => error)
          if (answer === 'created') written.set(key, body)
          else expect(answer).toMatchObject({ name: 'RetryableError' })
          // The first answers are in, the last puts are still on their way.
          if (index === 5) await server.kill()
        })
        await Promise.all(puts)
        await server.start()
        for (const [key, body] of written) expect((await store.get(key))?.equals(body)).toBe(true)
        for await (const { key, size } of store.list('survivor/')) expect({ key, size }).toEqual({ key, size: 200_000 })
      }
      expect(written.size).toBeGreaterThan(0)
    } finally {
      await server.dispose()
    }
  })
})
