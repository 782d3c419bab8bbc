/**
 * Compatibility BACKWARD_TRANSITIVE, checked without a registry: every committed schema must read what any published version of it wrote.
 * schemas/published.json holds every version ever published, oldest first. `--publish` adds the present ones after a compatible edit.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import avro from 'avsc'
import { type AvroSchema, readSchemaFiles, selfContainedSchema } from '#lib/codec/schema-files.ts'

type Published = Record<string, AvroSchema[]>

const file = new URL('../../schemas/published.json', import.meta.url)
const published: Published = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Published) : {}
const files = readSchemaFiles()
const problems: string[] = []
const unpublished: string[] = []

for (const name of files.keys()) {
  const present = selfContainedSchema(name, files)
  const reader = avro.Type.forSchema(present as avro.Schema)
  const versions = published[name] ?? []
  versions.forEach((version, index) => {
    try {
      reader.createResolver(avro.Type.forSchema(version as avro.Schema))
    } catch (error) {
      problems.push(
        `${name} cannot read its version ${index + 1}: ${(error as Error).message}. Give new fields a default; keep names, types and symbols.`,
      )
    }
  })
  if (!versions.some((version) => JSON.stringify(version) === JSON.stringify(present))) {
    unpublished.push(name)
    published[name] = [...versions, present]
  }
}
for (const name of Object.keys(published)) if (!files.has(name)) problems.push(`${name} was published, but its schema file is gone`)

if (problems.length > 0) {
  console.error(problems.join('\n'))
  process.exit(1)
}
if (unpublished.length > 0 && process.argv.includes('--publish')) writeFileSync(file, `${JSON.stringify(published)}\n`)
else if (unpublished.length > 0) {
  console.error(
    `not in schemas/published.json yet: ${unpublished.join(', ')}. The edits are compatible: run \`node bin/node.mjs scripts/check/check-schemas.ts --publish\` and commit.`,
  )
  process.exit(1)
}
