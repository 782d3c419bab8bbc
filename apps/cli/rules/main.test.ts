import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createEmbeddedContext } from '#lib/app/testing/embedded-context.ts'
import { sendDecisions } from '#lib/decisions/promote.ts'
import { publishRules, rollBackRules } from '#lib/decisions/publish-rules.ts'
import { readRules, rulesBefore, rulesInForce } from '#lib/decisions/read-rules.ts'
import { exchangeRateEvent, payloadOf } from '#lib/market/event.ts'
import { classicRules, defaultRules, defaultRulesHash } from '#lib/rules/presets.ts'
import { ruleSetText } from '#lib/rules/rule-set.ts'
import { createRulesStore } from '#lib/rules/rules-store.ts'
import type { MarketEvent } from '#schemas/types.ts'
import { formatHistory } from './format.ts'
import { run } from './main.ts'

let directory: string
let written: { stdout: string; stderr: string }

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'rules-'))
  written = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr'] as const)
    vi.spyOn(process[stream], 'write').mockImplementation((text) => {
      written[stream] += String(text)
      return true
    })
})

afterEach(() => {
  vi.restoreAllMocks()
  rmSync(directory, { recursive: true })
})

const file = (text: string): string => {
  const path = join(directory, 'rules.yaml')
  writeFileSync(path, text)
  return path
}

describe('flipstream rules', () => {
  it('check: says that a file is fine', async () => {
    expect(await run(['check', 'examples/rules/combos.yaml'], {})).toBe(0)
    expect(written.stdout).toMatch(/^examples\/rules\/combos\.yaml: 4 rules, as rule set [0-9a-f]{12}\n$/)
  })

  it('check: names every mistake with its place, and fails', async () => {
    const path = file('name: mine\nrules:\n  - name: a\n    when: ask.usd < nothing\n')
    expect(await run(['check', path], {})).toBe(1)
    expect(written).toEqual({ stdout: '', stderr: `${path}:4:21: rules.0.when: Unknown variable: nothing\n` })
  })

  it('check: a preset by its name', async () => {
    expect(await run(['check', 'classic'], {})).toBe(0)
    expect(written.stdout).toMatch(/^classic: 1 rules, as rule set [0-9a-f]{12}\n$/)
  })

  it('check: a name given twice is told beside every other mistake', async () => {
    const path = file('name: ""\nrules:\n  - name: a\n    when: ask.usd < 1\n  - name: a\n    when: nothing\n')
    expect(await run(['check', path], {})).toBe(1)
    expect(written.stderr.trim().split('\n')).toEqual([
      `${path}:1:7: name: Too small: expected string to have >=1 characters`,
      `${path}:5:11: rules.1.name: expected every rule to have a name of its own`,
      `${path}:6:11: rules.1.when: Unknown variable: nothing`,
    ])
  })

  it('check --json prints one object', async () => {
    expect(await run(['check', 'examples/rules/forecast.yaml', '--json'], {})).toBe(0)
    expect(JSON.parse(written.stdout)).toMatchObject({ name: 'careful', rules: ['sure-gain', 'half-price-plants'] })
  })

  it('fields: what a condition may name', async () => {
    expect(await run(['fields'], {})).toBe(0)
    expect(written.stdout).toContain('forecast.q50: double\n')
  })

  it.each([
    [['nothing'], /flipstream rules check RULES/],
    [['check'], /name a rules file/],
    [['check', 'missing.yaml'], /cannot be read \(ENOENT\)/],
    [['check', 'a.yaml', 'b.yaml'], /does not know what to do with b\.yaml/],
    [['publish', 'a.yaml', '--against', 'archive'], /goes with check/],
    [['publish', 'modern'], /modern is neither default nor live nor classic, and cannot be read/],
    [['rollback', 'classic'], /does not know what to do with classic/],
    [['ls', '--reason', 'why'], /--reason goes with publish and rollback/],
    [['ls', '--against', 'archive'], /--against goes with check/],
    [['check', 'a.yaml', '--agianst', 'archive'], /--agianst/],
  ])('%j is a wrong usage', async (argv, message) => {
    await expect(run(argv, {})).rejects.toMatchObject({ name: 'UsageError', message: expect.stringMatching(message) })
  })
})

describe('publishing rules', () => {
  it('stores the document first, then says so in the market, each time anew', async () => {
    const { log, codec, store, prefix } = await createEmbeddedContext({})
    const servers = { log, codec, store, prefix }
    await expect(publishRules(servers, defaultRules, 'early')).rejects.toMatchObject({ code: 'market_empty' })
    await sendDecisions(servers, [exchangeRateEvent({ ethUsd: 3_000 }, { observedAt: 5_000, origin: 'live', source: 'recorded' })])
    const mine = { ...defaultRules, name: 'mine' }
    const { rulesHash } = await publishRules(servers, mine, 'trial')
    await publishRules(servers, defaultRules, 'back')
    await publishRules(servers, mine, 'again')
    expect(await createRulesStore(store).load(rulesHash)).toEqual(mine)

    const events: MarketEvent[] = []
    const following = await log.follow(['run.market.events'], async (records) => {
      for (const { value } of records) events.push(await codec.decode('MarketEvent', value!))
    })
    await following.caughtUp
    await following.stop()
    expect(events.map(({ observedAt }) => observedAt)).toEqual([5_000, 5_001, 5_002, 5_003])
    expect(new Set(events.map(({ eventId }) => eventId)).size).toBe(4)
    expect(payloadOf(events[3]!)).toMatchObject({ kind: 'RulesChanged', value: { rulesHash, reason: 'again' } })
    expect(events.every(({ source }) => source === 'recorded')).toBe(true)
  })
})

describe('the history of rules', () => {
  const mine = { ...defaultRules, name: 'mine' }
  const market = async () => {
    const { log, codec, store, prefix } = await createEmbeddedContext({})
    const servers = { log, codec, store, prefix }
    await sendDecisions(servers, [exchangeRateEvent({ ethUsd: 3_000 }, { observedAt: 5_000, origin: 'live', source: 'recorded' })])
    return servers
  }

  it('begins with the preset: there is nothing to go back to', async () => {
    const servers = await market()
    expect(rulesInForce(await readRules(servers))?.rulesHash).toBe(defaultRulesHash)
    await expect(rollBackRules(servers, 'oops')).rejects.toMatchObject({ code: 'no_predecessor' })
  })

  it('goes back to what judged before, though nobody had published it, and forward again', async () => {
    const servers = await market()
    const { rulesHash } = await publishRules(servers, mine, 'trial')
    expect(await rollBackRules(servers, 'too many')).toMatchObject({ name: 'default', rulesHash: defaultRulesHash, before: rulesHash })
    expect(await rollBackRules(servers, 'after all')).toMatchObject({ name: 'mine', rulesHash })
    const history = await readRules(servers)
    expect(history.changes.map(({ reason }) => reason)).toEqual(['trial', 'rollback: too many', 'rollback: after all'])
    expect(formatHistory(history, (rules) => JSON.parse(rules).name)).toMatch(/mine +rollback: after all\n.*default +rollback: too many/)
  })

  it('the same set published twice is one: the rollback goes past it', async () => {
    const servers = await market()
    await publishRules(servers, classicRules, 'one')
    await publishRules(servers, mine, 'two')
    await publishRules(servers, mine, 'again')
    expect(await rollBackRules(servers, 'back')).toMatchObject({ name: 'classic' })
  })

  it('forgets what has left the log, and then does not guess', () => {
    const change = { rulesHash: defaultRulesHash, rules: ruleSetText(defaultRules), at: 1, reason: '' }
    expect(rulesBefore({ changes: [change], isWhole: false })).toBeNull()
    expect(rulesBefore({ changes: [change], isWhole: true })).toBeNull()
    expect(rulesInForce({ changes: [], isWhole: false })).toBeNull()
  })
})
