import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { canonicalJson } from '#lib/objectstore/canonical-json.ts'
import { createMemoryStore } from '#lib/objectstore/memory-store.ts'
import { defaultRules, defaultRulesHash } from './presets.ts'
import { createRulesStore } from './rules-store.ts'

const ownRules = { ...defaultRules, name: 'mine', feeRatio: 0.05 }

describe('rules store', () => {
  it('gives back under its hash what was published, to any process', async () => {
    const store = createMemoryStore()
    const hash = await createRulesStore(store).publish(ownRules)
    const reader = createRulesStore(store)
    expect(reader.known(hash)).toBeUndefined()
    expect(await reader.load(hash)).toEqual(ownRules)
    expect(reader.known(hash)).toEqual(ownRules)
  })

  it('takes the same rule set twice', async () => {
    const rules = createRulesStore(createMemoryStore())
    expect(await rules.publish(ownRules)).toBe(await rules.publish(ownRules))
  })

  it('knows the presets without a store', async () => {
    const rules = createRulesStore({
      get: () => Promise.reject(new Error('no store')),
      putIfAbsent: () => Promise.reject(new Error('no store')),
    })
    expect(rules.known(defaultRulesHash)).toEqual(defaultRules)
    expect(await rules.load(defaultRulesHash)).toEqual(defaultRules)
  })

  it('reads a set that was stored before a guard was known: it lets through what it let through then', async () => {
    const store = createMemoryStore()
    const { maximumSellerListings: _, ...guards } = ownRules.guards
    const text = canonicalJson({ ...ownRules, guards })
    const hash = createHash('sha256').update(text).digest('hex')
    await store.putIfAbsent(`rules/${hash}.json`, Buffer.from(text))
    const read = await createRulesStore(store).load(hash)
    expect(read.guards).toEqual({ ...guards, maximumSellerListings: Number.MAX_SAFE_INTEGER })
  })

  it('stores a preset like any other, for versions that will not know it', async () => {
    const store = createMemoryStore()
    await createRulesStore(store).publish(defaultRules)
    expect(await store.get(`rules/${defaultRulesHash}.json`)).not.toBeNull()
  })

  it('waits for rules that are not there yet', async () => {
    const rules = createRulesStore(createMemoryStore())
    await expect(rules.load('0'.repeat(64))).rejects.toMatchObject({ name: 'RetryableError' })
  })

  it('stops at rules that were altered', async () => {
    const store = createMemoryStore()
    const hash = await createRulesStore(store).publish(ownRules)
    await store.remove(`rules/${hash}.json`)
    await store.putIfAbsent(`rules/${hash}.json`, Buffer.from('{}'))
    await expect(createRulesStore(store).load(hash)).rejects.toMatchObject({
      name: 'FatalError',
      message: expect.stringContaining('altered'),
    })
    await expect(createRulesStore(store).publish(ownRules)).rejects.toMatchObject({ name: 'FatalError' })
  })
})
