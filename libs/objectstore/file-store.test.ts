import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createFileStore } from './file-store.ts'
import { describeObjectStore } from './testing/object-store-contract.ts'

const temporaryDirectory = () => mkdtemp(join(tmpdir(), 'flipstream-store-'))

describeObjectStore('file system', async () => {
  const directory = await temporaryDirectory()
  return {
    store: createFileStore({ directory }),
    reopen: () => createFileStore({ directory }),
    close: () => rm(directory, { recursive: true }),
  }
})

describe('file store', () => {
  let directory: string
  beforeEach(async () => {
    directory = await temporaryDirectory()
  })
  afterEach(() => rm(directory, { recursive: true }))

  it('does not show what a killed writer left half-written, and is not disturbed by it', async () => {
    await mkdir(join(directory, '.partial'))
    await writeFile(join(directory, '.partial', 'left-behind'), 'half')
    const store = createFileStore({ directory })
    await store.putIfAbsent('a/b', Buffer.from('whole'))
    const keys: string[] = []
    for await (const { key } of store.list('')) keys.push(key)
    expect(keys).toEqual(['a/b'])
  })

  it('says where and why when it cannot work', async () => {
    await writeFile(join(directory, 'file'), '')
    const store = createFileStore({ directory: join(directory, 'file') })
    await expect(store.putIfAbsent('a/b', Buffer.from('x'))).rejects.toMatchObject({
      name: 'FatalError',
      message: expect.stringContaining(join(directory, 'file')),
    })
  })
})
