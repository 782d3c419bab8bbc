import { createHash } from 'node:crypto'
import { FatalError, RetryableError } from '#lib/errors/errors.ts'
import type { ObjectStore } from '#lib/objectstore/object-store.ts'
import { presets } from './presets.ts'
import { parseRuleSet, type RuleSet, ruleSetText, rulesHashOf } from './rule-set.ts'

/** Rule sets by hash: presets are known without asking, others are read from `rules/<hash>.json` once and kept. */
export interface RulesStore {
  /** Stores a rule set; it must be durable before a RulesChanged event names it. Returns its hash. */
  publish(ruleSet: RuleSet): Promise<string>
  /**
   * Makes a rule set known to `known`. RetryableError where the store is away, or has no such object (yet): listings wait for their rules.
   * FatalError where the object is not what its name says, or not a rule set this version understands.
   */
  load(hash: string): Promise<RuleSet>
  /** Without waiting: a preset, or one loaded before. */
  known(hash: string): RuleSet | undefined
}

export function createRulesStore(store: Pick<ObjectStore, 'putIfAbsent' | 'get'>): RulesStore {
  const loaded = new Map(presets)
  return {
    async publish(ruleSet) {
      const hash = rulesHashOf(ruleSet)
      const bytes = Buffer.from(ruleSetText(ruleSet))
      const answer = await store.putIfAbsent(keyOf(hash), bytes, { contentType: 'application/json', sha256: hash })
      if (answer === 'exists') verify(hash, await store.get(keyOf(hash)))
      return hash
    },
    async load(hash) {
      const found = loaded.get(hash)
      if (found !== undefined) return found
      const ruleSet = parseRuleSet(verify(hash, await store.get(keyOf(hash))))
      loaded.set(hash, ruleSet)
      return ruleSet
    },
    known: (hash) => loaded.get(hash),
  }
}

const keyOf = (hash: string) => `rules/${hash}.json`

function verify(hash: string, bytes: Buffer | null): string {
  if (bytes === null) throw new RetryableError(`rule set ${hash}: there is no object ${keyOf(hash)}. Publish it again`)
  const actual = createHash('sha256').update(bytes).digest('hex')
  if (actual === hash) return bytes.toString()
  throw new FatalError(
    `rule set ${hash}: the object ${keyOf(hash)} has the hash ${actual}. It was altered: remove it and publish the rule set again`,
  )
}
