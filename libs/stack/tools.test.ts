import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { downloadedBytes } from './artifacts.ts'
import { requireDiskSpace } from './disk-space.ts'
import { findJava, findMaven, javaVersion } from './tools.ts'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'flipstream-tools-'))
})
afterEach(() => rm(directory, { recursive: true }))

async function executable(path: string, ...lines: string[]): Promise<string> {
  const file = join(directory, path)
  await mkdir(join(file, '..'), { recursive: true })
  await writeFile(file, ['#!/bin/sh', ...lines].join('\n'))
  await chmod(file, 0o755)
  return file
}

const java = (path: string, version: string) => executable(path, `echo 'openjdk version "${version}" 2025-01-01' >&2`)

describe('finding tools', () => {
  it('reads the versions of old and new Javas', async () => {
    expect(await javaVersion(await java('new', '21.0.2'))).toBe(21)
    expect(await javaVersion(await java('old', '1.8.0_392'))).toBe(8)
    expect(await javaVersion(await executable('other', 'echo no java >&2'))).toBeNull()
    expect(await javaVersion(join(directory, 'absent'))).toBeNull()
  })

  it('takes JAVA_HOME before the PATH, and passes over Javas that are too old', async () => {
    const home = await java('home/bin/java', '17.0.1')
    const onPath = await java('path/java', '21.0.1')
    expect(await findJava({ JAVA_HOME: join(directory, 'home'), PATH: join(directory, 'path') })).toBe(home)
    await java('home/bin/java', '11.0.1')
    expect(await findJava({ JAVA_HOME: join(directory, 'home'), PATH: join(directory, 'path') })).toBe(onPath)
  })

  it('finds Maven by MAVEN_HOME and on the PATH', async () => {
    const maven = await executable('maven/bin/mvn')
    expect(await findMaven({ MAVEN_HOME: join(directory, 'maven') })).toBe(maven)
    expect(await findMaven({ PATH: `/nowhere:${join(directory, 'maven', 'bin')}` })).toBe(maven)
  })
})

it('a nearly full disk is said to be one, with what to do', async () => {
  await expect(requireDiskSpace(directory, async () => 100 * 1024 ** 2)).rejects.toThrow(
    /The disk is nearly full: expected at least 1024 MiB free .*, found 100 MiB.*Free some space/,
  )
  await expect(requireDiskSpace(join(directory, 'not', 'there', 'yet'))).resolves.toBeUndefined()
})

it('counts what Maven says it downloaded', () => {
  expect(downloadedBytes('[INFO] Downloaded from central: https://x/kafka.jar (9.8 MB at 24 MB/s)')).toBe(9.8e6)
  expect(downloadedBytes('[INFO] Downloaded from central: https://x/a.pom (512 B at 1.0 kB/s)')).toBe(512)
  expect(downloadedBytes('[INFO] Downloading from central: https://x/kafka.jar')).toBe(0)
})
