import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { digestProblems } from './artifact-digests.ts'
import { versions } from './versions.ts'

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

test('another file, one too many and one too few are each named', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'flipstream-digests-'))
  mkdirSync(join(directory, 'registry', 'lib'), { recursive: true })
  mkdirSync(join(directory, 'markers'))
  writeFileSync(join(directory, 'registry', 'lib', 'a.jar'), 'a')
  writeFileSync(join(directory, 'markers', 'when'), 'now')
  const expected = `${sha256('a')}  registry/lib/a.jar\n`
  expect(await digestProblems(directory, expected)).toEqual([])

  writeFileSync(join(directory, 'registry', 'lib', 'a.jar'), 'b')
  expect(await digestProblems(directory, expected)).toEqual([`registry/lib/a.jar: expected sha256 ${sha256('a')}, found ${sha256('b')}`])
  expect(await digestProblems(directory, '')).toEqual([`registry/lib/a.jar: expected no such file, found ${sha256('b')}`])
  expect(await digestProblems(directory, `${sha256('b')}  registry/lib/a.jar\n${sha256('c')}  store/c.jar\n`)).toEqual([
    'store/c.jar: is missing',
  ])
})

test('the digests are those of the versions that we name', () => {
  const listed = readFileSync(new URL('artifacts.sha256', import.meta.url), 'utf8')
  for (const file of [
    `kafka/kafka_2.13-${versions.kafka}.jar`,
    `kafka/log4j-core-${versions.log4j}.jar`,
    `store/s3proxy-${versions.store}`,
  ])
    expect(listed).toContain(`  ${file}`)
})
