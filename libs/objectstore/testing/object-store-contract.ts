import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ObjectStore } from '#lib/objectstore/object-store.ts'

/** Keys as an archive has them, in the order of their bytes: what a server's continuation token must get through unharmed. */
function manyKeys(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}p=0${index % 3}/${String(index).padStart(20, '0')}.json`).sort()
}

/** A few at a time. */
async function forSome(keys: readonly string[], work: (key: string) => Promise<unknown>): Promise<void> {
  for (let start = 0; start < keys.length; start += 50) await Promise.all(keys.slice(start, start + 50).map(work))
}

/**
 * What every adapter must do. `open` gives an empty store; calling it again gives another handle on the same objects,
 * as a second process would have.
 */
export function describeObjectStore(
  name: string,
  open: () => Promise<{ store: ObjectStore; reopen(): ObjectStore; close?(): Promise<void> }>,
): void {
  describe(`object store: ${name}`, () => {
    let opened: Awaited<ReturnType<typeof open>>
    let store: ObjectStore
    beforeAll(async () => {
      opened = await open()
      store = opened.store
    })
    afterAll(() => opened.close?.())
    const bytes = (text: string) => Buffer.from(text)
    const listed = async (prefix: string) => {
      const keys: string[] = []
      for await (const { key } of store.list(prefix)) keys.push(key)
      return keys
    }

    it('honours create-only writes, and proves it', async () => {
      await store.probe()
      await store.probe()
    })

    it('gives back the bytes that were put, whatever they are', async () => {
      const every = Buffer.from(Array.from({ length: 1024 }, (_, index) => index % 256))
      expect(await store.putIfAbsent('bytes/every', every, { contentType: 'application/octet-stream' })).toBe('created')
      expect(await store.get('bytes/every')).toEqual(every)
      expect(await opened.reopen().get('bytes/every')).toEqual(every)
    })

    it('holds an empty object', async () => {
      expect(await store.putIfAbsent('bytes/empty', Buffer.alloc(0))).toBe('created')
      expect(await store.get('bytes/empty')).toEqual(Buffer.alloc(0))
      expect(await store.stat('bytes/empty')).toMatchObject({ size: 0 })
    })

    it('never overwrites', async () => {
      expect(await store.putIfAbsent('once/a', bytes('first'))).toBe('created')
      expect(await store.putIfAbsent('once/a', bytes('second'))).toBe('exists')
      expect(await opened.reopen().putIfAbsent('once/a', bytes('first'))).toBe('exists')
      expect(await store.get('once/a')).toEqual(bytes('first'))
    })

    it('lets exactly one of many writers win, and keeps its bytes whole', async () => {
      for (let round = 0; round < 5; round++) {
        const writers = Array.from({ length: 8 }, (_, writer) => ({ writer, handle: opened.reopen() }))
        const answers = await Promise.all(
          writers.map(({ writer, handle }) => handle.putIfAbsent(`race/${round}`, Buffer.alloc(100_000, writer))),
        )
        expect(answers.filter((answer) => answer === 'created')).toHaveLength(1)
        expect(await store.get(`race/${round}`)).toEqual(Buffer.alloc(100_000, answers.indexOf('created')))
      }
    })

    it('answers null for what is not there', async () => {
      expect(await store.get('nothing/here')).toBeNull()
      expect(await store.stat('nothing/here')).toBeNull()
      await store.remove('nothing/here')
    })

    it('gives size and a tag that follows the content', async () => {
      await store.putIfAbsent('stat/a', bytes('aaaa'))
      const first = await store.stat('stat/a')
      expect(first?.size).toBe(4)
      expect(await store.stat('stat/a')).toEqual(first)
      await store.remove('stat/a')
      await store.putIfAbsent('stat/a', bytes('bbbb'))
      expect((await store.stat('stat/a'))?.etag).not.toBe(first?.etag)
    })

    it('lists by prefix, in the order of the keys, with sizes', async () => {
      for (const key of ['list/b/2', 'list/a-b', 'list/a/2', 'list/b/10', 'list/a/1', 'list2/c', 'list/dt=2022-04-11/p=00/x.parquet']) {
        await store.putIfAbsent(key, bytes(key))
      }
      expect(await listed('list/')).toEqual([
        'list/a-b',
        'list/a/1',
        'list/a/2',
        'list/b/10',
        'list/b/2',
        'list/dt=2022-04-11/p=00/x.parquet',
      ])
      expect(await listed('list/a/')).toEqual(['list/a/1', 'list/a/2'])
      expect(await listed('list/b/1')).toEqual(['list/b/10'])
      expect(await listed('list/zzz')).toEqual([])
      for await (const { key, size } of store.list('list2/')) expect(size).toBe(key.length)
    })

    it('lists many pages of the server to their end, each key once', { timeout: 120_000 }, async () => {
      const keys = manyKeys('pages/run=2026-01-01/', 2_500)
      await forSome(keys, (key) => store.putIfAbsent(key, bytes('x')))
      const found: string[] = []
      for await (const { key } of store.list('pages/')) {
        found.push(key)
        if (found.length > keys.length) break
      }
      expect(found).toEqual(keys)
      expect(await listed('pages/run=2026-01-01/p=01/')).toEqual(keys.filter((key) => key.includes('/p=01/')))
      await forSome(keys, store.remove)
      expect(await listed('pages/')).toEqual([])
    })

    it('forgets a removed object, and takes the key again', async () => {
      await store.putIfAbsent('remove/a', bytes('old'))
      await store.remove('remove/a')
      expect(await store.get('remove/a')).toBeNull()
      expect(await listed('remove/')).toEqual([])
      expect(await store.putIfAbsent('remove/a', bytes('new'))).toBe('created')
    })

    it.each(['', '/a', 'a//b', 'a/', '../a', 'a/../b', '.hidden', 'a/.b', 'a b', 'ä', 'a\nb', 'x'.repeat(1_000)])(
      'refuses the key %j',
      async (key) => {
        await expect(store.putIfAbsent(key, bytes('x'))).rejects.toMatchObject({ name: 'FatalError' })
      },
    )
  })
}
