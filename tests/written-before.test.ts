import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { decodeManifest, decodeSeal } from '#lib/archive/manifest.ts'
import { initialMarketState } from '#lib/market/fold/market-state.ts'
import { createMemoryStore } from '#lib/objectstore/memory-store.ts'
import { createRulesStore } from '#lib/rules/rules-store.ts'
import { parseMetadata } from '#lib/stream/runtime/offset-metadata.ts'

/** Documents that outlive the process that wrote them: one of each form ever written. Files are added here, never changed or removed. */
const directory = new URL('fixtures/written/', import.meta.url)
const read = (file: string) => readFileSync(new URL(file, directory))
const filesIn = (folder: string, prefix = '') => readdirSync(new URL(folder, directory)).filter((name) => name.startsWith(prefix))

describe('what earlier versions wrote is read', () => {
  it.each(filesIn('rules/'))('rule set %s, under the name it had', async (file) => {
    const hash = file.replace(/\.json$/, '')
    expect(
      createHash('sha256')
        .update(read(`rules/${file}`))
        .digest('hex'),
    ).toBe(hash)
    const store = createMemoryStore()
    await store.putIfAbsent(`rules/${file}`, read(`rules/${file}`))
    const { guards, rules } = await createRulesStore(store).load(hash)
    expect(rules.length).toBeGreaterThan(0)
    for (const limit of Object.values(guards)) expect(limit).toBeTypeOf('number')
  })

  it.each(filesIn('archive/', 'manifest-'))('archive manifest %s', (file) => {
    expect(decodeManifest(read(`archive/${file}`), file)).toMatchObject({ topic: 'market.events', begin: 0, end: 20, count: 18 })
  })

  it.each(filesIn('archive/', 'seal-'))('archive seal %s', (file) => {
    expect(decodeSeal(read(`archive/${file}`), file)).toBe(20)
  })

  it.each(filesIn('.', 'offset-metadata-'))('what a commit remembers, %s', (file) => {
    const checkpoint = parseMetadata(read(file).toString())
    expect(checkpoint).not.toBeNull()
    expect(initialMarketState(JSON.parse(checkpoint!.carry!)).model?.modelId).toMatch(/^m|^trees-/)
  })
})
