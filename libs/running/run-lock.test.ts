import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { FatalError } from '#lib/errors/errors.ts'
import { lockRun } from './run-lock.ts'

const module = new URL('./run-lock.ts', import.meta.url).href

test('a second start of a run is told which process plays it, whatever the path it came by; a killed one is no obstacle', async () => {
  const base = mkdtempSync(join(tmpdir(), 'flipstream-lock-'))
  onTestFinished(() => rmSync(base, { recursive: true, force: true }))
  const link = `${base}-link`
  symlinkSync(base, link)
  onTestFinished(() => rmSync(link))
  const code = `import { lockRun } from '${module}'; await lockRun({ name: 'r', directory: '${base}' }); console.log('mine'); setInterval(() => {}, 1000)`
  const other = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void other.kill('SIGKILL'))
  await once(other.stdout, 'data')
  const second = lockRun({ name: '20260101T000000Z-live', directory: link })
  await expect(second).rejects.toThrow(FatalError)
  await expect(second).rejects.toThrow(`run 20260101T000000Z-live is being played by process ${other.pid}, and only one at a time may`)
  other.kill('SIGKILL')
  await once(other, 'close')
  const release = await lockRun({ name: 'r', directory: link })
  await release()
})
