import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { keepPrivate } from './private-folder.ts'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'flipstream-private-'))
})
afterEach(() => rmSync(root, { recursive: true }))

const folder = () => join(root, '.flipstream')
const mode = () => (statSync(folder()).mode & 0o777).toString(8)

it('makes a folder that only its owner can enter, whatever the umask', () => {
  const before = process.umask(0)
  keepPrivate(root)
  process.umask(before)
  expect(mode()).toBe('700')
})

it('closes one that was open, with what is in it', () => {
  mkdirSync(folder())
  chmodSync(folder(), 0o755)
  writeFileSync(join(folder(), 'history.csv'), 'a')
  keepPrivate(root)
  expect(mode()).toBe('700')
  expect(existsSync(join(folder(), 'history.csv'))).toBe(true)
})

it('leaves alone what it cannot make', () => {
  writeFileSync(folder(), 'a file')
  keepPrivate(root)
  keepPrivate(join(root, 'nowhere', '\0'))
  expect(statSync(folder()).isFile()).toBe(true)
})
