import { expect, test } from 'vitest'
import { cardOf } from '#lib/live/evidence.ts'
import type { Status } from '#lib/live/status.ts'
import { sampleScored, sampleTime, scoredWith } from '#lib/rules/testing/scored-listing-samples.ts'
import { sampleAlert } from '#lib/stages/testing/alert-samples.ts'
import { drawScreen, healthLine } from './screen.ts'

const none = { followed: 0, after10s: null, after60s: null, soldOn: 0, gained: null, medianNetUsd: null }
const noScore = { sales: 0, bins: [0, 0, 0, 0, 0, 0], medianError: null, coverage90: null }

const status: Status = {
  at: sampleTime,
  source: 'recorded',
  simulated: true,
  marketTime: sampleTime,
  broker: { answers: true, since: sampleTime, problem: null },
  caughtUp: true,
  condition: { state: 'live', detail: '' },
  rules: { hash: 'a', name: 'default', rules: [] },
  listingsPerSecond: 9.6,
  counts: { scored: 1_234, alerts: 1, deadLetters: 3 },
  deadLettersByCode: { bad_price: 2, egg: 1 },
  listingToScoredMs: { n: 100, p50: 41, p99: 120 },
  listingToAlertMs: null,
  stages: [
    { app: 'enricher', input: 'market.events', started: true, records: 0, seconds: 0, atLeast: false },
    { app: 'archiver', input: 'market.events', started: true, records: 4_096, seconds: 12, atLeast: true },
  ],
  model: { id: 'dense-20220416-1f2e3d', trainedUntil: sampleTime, ageMillis: 3_600_000, backend: 'wasm' },
  calibration: { all: { sales: 100, bins: [5, 20, 25, 25, 20, 5], medianError: 0.1, coverage90: 0.9 }, alerted: noScore },
  outcomes: { alerts: none, random: none, rejected: none, missed: { reasons: [], winners: [] } },
  levelNow: null,
  spent: [],
}

test('health above, alerts below, in exactly the rows there are', () => {
  const alerts = [cardOf(sampleAlert(sampleScored), null)]
  expect(`\n${drawScreen(status, alerts, { columns: 110, rows: 16, color: false }).join('\n')}\n`).toMatchInlineSnapshot(`
    "
    flipstream  SIMULATED · recorded   market Apr 16 12:00 UTC                                              ● live
    ──────────────────────────────────────────────────────────────────────────────────────────────────────────────
    listings   9.6/s   seen 1,234   alerts 1
    latency    listing → priced p50 41 ms, p99 120 ms   listing → alert not measured yet
    waiting    enricher 0   archiver ≥ 4,096 12 s
    dead       3   bad_price 2   egg 1
    model      dense-20220416-1f2e3d   on wasm   learnt until 1 h ago
    forecasts  100 sold   25–75% holds 50% (due 50%)   5–95% 90% (due 90%)   median error 10%
    alerts     none was seen sold on yet
    ──────────────────────────────────────────────────────────────────────────────────────────────────────────────
    Apr 16 12:00  #5016355 Aquatic · 1 breed  asks $80.00  worth $151 ($130 to $174)                       +$64.58
                  ▼·········─────────────────━━━━━━━━◆━━━━━━━━────────────────



    ctrl-C ends this; the pipeline goes on
    "
  `)
})

test('a key that is spent is said, until when', () => {
  const spent = [{ share: null, until: sampleTime, by: 'collector', reason: 'no requests are left this day' }]
  const lines = drawScreen({ ...status, spent }, [], { columns: 120, rows: 20, color: false })
  expect(lines.find((line) => line.startsWith('key'))).toMatch(/^key {8}the marketplace key is spent until Apr 16 12:00 UTC/)
})

test('no line is wider than the terminal, and none too many, whatever the market says', () => {
  const nasty = `\x1b[2J<b>${'x'.repeat(300)}\u202e`
  const scored = scoredWith({ listing: { item: { ...sampleScored.listing.item, tokenId: nasty, class: nasty } } })
  const alerts = Array.from({ length: 50 }, () => cardOf(sampleAlert(scored), null))
  for (const [columns, rows] of [
    [40, 10],
    [80, 24],
    [200, 60],
  ] as const) {
    const lines = drawScreen(status, alerts, { columns, rows, color: false })
    expect(lines.length).toBe(rows)
    for (const line of lines) expect([...line].length).toBeLessThanOrEqual(columns)
    expect(lines.join('')).not.toMatch(/\p{Cc}|\u202e/u)
  }
})

test('a log that does not answer is said first', () => {
  const away: Status = {
    ...status,
    condition: { state: 'away', detail: '' },
    broker: { answers: false, since: sampleTime, problem: 'no answer within 4 s' },
  }
  expect(drawScreen(away, [], { columns: 110, rows: 20, color: false })[0]).toMatch(/Kafka does not answer/)
  expect(healthLine(away)).toMatch(/SIMULATED.*KAFKA DOES NOT ANSWER/)
})
