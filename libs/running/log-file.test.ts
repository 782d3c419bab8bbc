import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { openLogFile } from './log-file.ts'

function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'flipstream-log-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

test('the tail is of this opening, not of the life before', () => {
  const path = join(temporaryDirectory(), 'app.log')
  const first = openLogFile({ path })
  first.write(Buffer.from('old\n'))
  first.close()
  const second = openLogFile({ path })
  expect(second.tail(5)).toEqual([])
  second.write(Buffer.from('one\ntwo\nthree\n'))
  expect(second.tail(2)).toEqual(['two', 'three'])
  expect(readFileSync(path, 'utf8')).toBe('old\none\ntwo\nthree\n')
})

test('a device that is full costs lines, never the process; it is told once', () => {
  const troubles: (string | null)[] = []
  const log = openLogFile({ path: '/dev/full', onTrouble: (error) => troubles.push((error as NodeJS.ErrnoException | null)?.code ?? null) })
  for (let line = 0; line < 3; line++) log.write(Buffer.from('a line\n'))
  expect(troubles).toEqual(['ENOSPC'])
})

test('a file that cannot be made yet is made when it can, and says how much was lost', () => {
  const directory = join(temporaryDirectory(), 'later')
  const path = join(directory, 'app.log')
  const troubles: (string | null)[] = []
  const log = openLogFile({ path, onTrouble: (error) => troubles.push((error as NodeJS.ErrnoException | null)?.code ?? null) })
  log.write(Buffer.from('lost\n'))
  mkdirSync(directory)
  log.write(Buffer.from('kept\n'))
  expect(readFileSync(path, 'utf8')).toMatch(/\(5 bytes of this log could not be written\)\nkept\n$/)
  expect(troubles).toEqual(['ENOENT', null])
})

test('a log that has grown too long makes way for a new one; the last one is kept', () => {
  const path = join(temporaryDirectory(), 'app.log')
  const log = openLogFile({ path, maxBytes: 100 })
  for (let line = 0; line < 30; line++) log.write(Buffer.from(`line ${line}\n`))
  expect(existsSync(`${path}.previous`)).toBe(true)
  expect(readFileSync(path, 'utf8').length).toBeLessThan(120)
  expect(log.tail(1)).toEqual(['line 29'])
})
