import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createEmbeddedContext } from '#lib/app/testing/embedded-context.ts'
import { sendDecisions } from '#lib/decisions/promote.ts'
import { publishRules } from '#lib/decisions/publish-rules.ts'
import { exchangeRateEvent, payloadOf } from '#lib/market/event.ts'
import { defaultRules } from '#lib/rules/presets.ts'
import { createRulesStore } from '#lib/rules/rules-store.ts'
import type { MarketEvent } from '#schemas/types.ts'
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

  it('check --json prints one object', async () => {
    expect(await run(['check', 'examples/rules/forecast.yaml', '--json'], {})).toBe(0)
    expect(JSON.parse(written.stdout)).toMatchObject({ name: 'careful', rules: ['sure-gain', 'half-price-plants'] })
  })

  it('fields: what a condition may name', async () => {
    expect(await run(['fields'], {})).toBe(0)
    expect(written.stdout).toContain('forecast.q50: double\n')
  })

  it.each([
    [['nothing'], /flipstream rules check FILE/],
    [['check'], /name a rules file/],
    [['check', 'missing.yaml'], /cannot be read \(ENOENT\)/],
    [['check', 'a.yaml', 'b.yaml'], /does not know what to do with b\.yaml/],
    [['publish', 'a.yaml', '--against', 'archive'], /goes with check/],
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
