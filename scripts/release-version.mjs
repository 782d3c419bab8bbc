/**
 * What a tag releases; fails where tag, package.json and CHANGELOG.md do not agree. Plain JavaScript: it runs before anything is installed.
 *   node scripts/release-version.mjs v1.2.3            version=1.2.3, for a workflow's outputs
 *   node scripts/release-version.mjs v1.2.3 --notes    what CHANGELOG.md says of it
 */
import { readFileSync } from 'node:fs'

const read = (file) => readFileSync(new URL(`../${file}`, import.meta.url), 'utf8')
const [tag = '', option] = process.argv.slice(2)
const { version } = JSON.parse(read('package.json'))
const notes = read('CHANGELOG.md')
  .split(/^## /m)
  .find((section) => section.split(/\s/, 1)[0] === version)
  ?.replace(/^.*\n+/, '')

const problem =
  tag !== `v${version}`
    ? `tag ${tag} is not v${version}: package.json says what is released`
    : notes === undefined
      ? `CHANGELOG.md has no section ${version}`
      : null
if (problem === null) process.stdout.write(option === '--notes' ? notes : `version=${version}\n`)
else {
  process.stderr.write(`${problem}\n`)
  process.exitCode = 1
}
