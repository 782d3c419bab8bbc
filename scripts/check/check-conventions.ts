/** Checks the committed and the new files against conventions.ts: one line per violation, exit code 1 if there is any. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findViolations, type SourceFile } from './conventions.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const text = /\.(ts|mts|mjs|js|json|avsc|md|ya?ml|xml|properties|sh|html|css|toml|csv)$|(^|\/)(Dockerfile|\.npmrc|\.gitignore|run)$/
const examplesOfViolations = 'scripts/check/conventions.test.ts'
const largestBytes = 2_000_000

function readFiles(): SourceFile[] {
  const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], { cwd: root, encoding: 'utf8' })
  return listed
    .split('\0')
    .filter((path) => text.test(path) && path !== examplesOfViolations)
    .flatMap((path) => {
      try {
        const content = readFileSync(join(root, path), 'utf8')
        return content.length > largestBytes ? [] : [{ path, text: content }]
      } catch (error) {
        // Deleted, but not committed yet.
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
        throw error
      }
    })
}

const files = readFiles()
const violations = findViolations(files)
for (const { path, line, message } of violations) console.error(`${path}:${line} ${message}`)
if (files.length === 0) console.error('found no file to check')
process.exitCode = violations.length > 0 || files.length === 0 ? 1 : 0
