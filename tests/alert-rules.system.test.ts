import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { parse, stringify } from 'yaml'

const monitoring = fileURLToPath(new URL('../k8s/components/monitoring/', import.meta.url))
const isHere = spawnSync('promtool', ['--version']).status === 0
if (!isHere) {
  const missing = 'the alert rules cannot be checked: promtool is not there (Debian: apt-get install prometheus)'
  if (process.env['CI'] !== undefined) throw new Error(missing)
  console.error(`NOT CHECKED: ${missing}`)
}

it.skipIf(!isHere)('the alert rules fire when they should, and not before', () => {
  const directory = mkdtempSync(join(tmpdir(), 'flipstream-rules-'))
  try {
    // promtool reads the groups alone, without the resource around them.
    const { spec } = parse(readFileSync(join(monitoring, 'rules.yaml'), 'utf8')) as { spec: unknown }
    writeFileSync(join(directory, 'rules.yaml'), stringify(spec))
    copyFileSync(join(monitoring, 'rules.test.yaml'), join(directory, 'rules.test.yaml'))
    const { status, stdout, stderr } = spawnSync('promtool', ['test', 'rules', 'rules.test.yaml'], { cwd: directory, encoding: 'utf8' })
    expect(`${stdout}${stderr}`).toMatch(/SUCCESS/)
    expect(status).toBe(0)
  } finally {
    rmSync(directory, { recursive: true })
  }
})
