import { stripVTControlCharacters } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { anyScored, sampleAsk, sampleSale, sampleScored, sampleTime, scoredWith } from '#lib/rules/testing/scored-listing-samples.ts'
import { sampleAlert } from '#lib/stages/testing/alert-samples.ts'
import { formatCard, formatJson, formatLine } from './card.ts'

const plain = { columns: 100, color: false, latencyMillis: 43 }
const widest = (text: string) =>
  Math.max(
    ...stripVTControlCharacters(text)
      .split('\n')
      .map((line) => [...line].length),
  )

const hostile = `\x1b[2J\x1b]0;owned\x07\r\n@everyone \u202Egnp.exe\u200B ${'x'.repeat(6_000)}`
const hostileAlert = sampleAlert(
  scoredWith({
    modelId: hostile,
    backend: hostile,
    listing: {
      seller: hostile,
      item: {
        ...sampleScored.listing.item,
        tokenId: hostile,
        class: hostile,
        parts: { ...sampleScored.listing.item.parts, horn: `horn-${hostile}`, eyes: '' },
      },
    },
  }),
  { reason: hostile, rule: hostile },
)

describe('card', () => {
  it('says what to buy, for how much, and why to believe it', () => {
    expect(formatCard(sampleAlert(), plain)).toMatchInlineSnapshot(`
      "━━ Axie #5016355 · Aquatic · 1 breed ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━  SIMULATED · recorded  ━━
        asks    $80.00  0.02667 ETH                                              net gain +$64.58 (+81%)
        worth   $151  likely $130 to $174                                         at the low end +$44.48
                ▼··············────────────────────────━━━━━━━━━━━━◆━━━━━━━━━━━━──────────────────────
                ▼ ask  ◆ median  ━ likely  ─ 9 of 10: $96.00 to $230
        axie    hp 38   speed 57   skill 37   morale 32   purity 83%   genes 87%   attack 365
                defence 130   combo 0.42
        parts   back Anemone   mouth Risky Fish   horn Oranda   tail Koi   eyes Telescope   ears Nimo
        offers  $150 seen 2 h ago   $165 seen 7 h ago   $180 seen 1 d 6 h ago   7 similar on offer
        sold    $148 Apr 16 07:00 identical   $155 Apr 15 10:00   $139 Apr 14 09:00
        market  all axies $30.57   aquatic $36.97   6 h against 7 d -10%   312 sales an hour
                2 other listings by this seller in the last hour
        why     asks $80.00; sold at the lower quartile of our forecast, $130.00, it leaves $124.48
                after the 4.25% fee, 1.56 times the ask (rule: 1.3); the next similar ask is $150.00
        drivers any axie now $32.05   sales of axies with its four cards +151%
                its class and parts +67%   its own last sale +22%   its breed count -8%
        model   dense-20220416-1f2e3d   on wasm   learnt until 2022-04-14   novelty 0.31   rule default
        listed  Apr 16 11:59 UTC   seen 12 s later   shown 43 ms after that
        https://app.axieinfinity.com/marketplace/axies/5016355/

      "
    `)
  })

  it('says how little is known, where little is', () => {
    const bare = scoredWith({
      listing: { source: 'live', item: { ...sampleScored.listing.item, geneQuality: null } },
      ask: { kind: 'dutch' },
      context: {
        market: { hours6: null, hours24: null, days7: null },
        class: { hours6: null, hours24: null, days7: null },
        trend: null,
        similarAsks: [],
        similarSales: [],
        sellerListings: 0,
        comboScore: 0,
      },
    })
    expect(formatCard(sampleAlert(bare), { ...plain, latencyMillis: null })).toMatchInlineSnapshot(`
      "━━ Axie #5016355 · Aquatic · 1 breed ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
        asks    $80.00  0.02667 ETH  Dutch auction                               net gain +$64.58 (+81%)
        worth   $151  likely $130 to $174                                         at the low end +$44.48
                ▼··············────────────────────────━━━━━━━━━━━━◆━━━━━━━━━━━━──────────────────────
                ▼ ask  ◆ median  ━ likely  ─ 9 of 10: $96.00 to $230
        axie    hp 38   speed 57   skill 37   morale 32   purity 83%   attack 365   defence 130
        parts   back Anemone   mouth Risky Fish   horn Oranda   tail Koi   eyes Telescope   ears Nimo
        offers  no similar one is on offer, as far as known
        sold    no similar one was sold lately
        market  312 sales an hour
        why     asks $80.00; sold at the lower quartile of our forecast, $130.00, it leaves $124.48
                after the 4.25% fee, 1.56 times the ask (rule: 1.3)
        drivers any axie now $32.05   sales of axies with its four cards +151%
                its class and parts +67%   its own last sale +22%   its breed count -8%
        model   dense-20220416-1f2e3d   on wasm   learnt until 2022-04-14   novelty 0.31   rule default
        listed  Apr 16 11:59 UTC   seen 12 s later
        https://app.axieinfinity.com/marketplace/axies/5016355/

      "
    `)
  })

  it('says what sets an axie apart, that the model knows nothing of it, and which token it is paid in', () => {
    const attributes = {
      ...{ title: 'origin', bodyShape: 'Normal', level: 31, onchainLevel: 24, isBanned: false, evolvedParts: 2, nightmareParts: 1 },
      ...{ mystic: 0, japanese: 0, xmas: 0, summer: 0, unknownParts: 1 },
    }
    const item = { ...sampleScored.listing.item, attributes }
    const apart = { ...scoredWith({ listing: { item }, ask: { token: 'USDC', amount: 80 } }), unseen: ['title', 'evolved_part'] }
    const card = formatCard(sampleAlert(apart), plain)
    expect(card).toContain('Origin   level 31   level 24 on chain   2 evolved   1 Nightmare   1 of unknown kind')
    expect(card).toContain('knows nothing of title, evolved part')
    expect(card).toContain('$80.00  80 USDC')
  })

  it('says what stands beside: bids, what it wears, the floor of its collection, and how it has grown since it was sold last', () => {
    const attributes = {
      ...{ title: 'origin', bodyShape: 'Normal', level: 31, onchainLevel: 24, isBanned: false, evolvedParts: 2, nightmareParts: 0 },
      ...{ mystic: 1, japanese: 0, xmas: 0, summer: 0, unknownParts: 0 },
      accessories: [
        { name: 'Straw Hat', rarity: 'Rare' },
        { name: 'Scarf', rarity: null },
      ],
    }
    const origin = scoredWith({
      listing: {
        item: { ...sampleScored.listing.item, attributes },
        bids: { count: 3, usd: 61.5, token: 'ETH', amount: 0.0205 },
      },
      context: {
        collection: { name: 'mystic', floorUsd: 340, asks: 12 },
        ownLastSale: { usd: 60, soldAt: sampleTime, breedCount: 1, relative: null, level: 3, evolvedParts: 0 },
      },
    })
    const card = formatCard(sampleAlert(origin), plain)
    expect(card).toMatch(/bids {4}best \$61\.50 \(0\.0205 ETH\) {3}3 in all/)
    expect(card).toContain('wears Straw Hat (Rare)   wears Scarf')
    expect(card).toContain('Mystic floor $340 of 12 known')
    expect(card).toContain('this axie itself $60.00 Apr 16 12:00   then at level 3, none evolved')
    const unknown = scoredWith({ listing: { bids: { count: 0, usd: null, token: null, amount: null } }, context: { collection: null } })
    expect(formatCard(sampleAlert(unknown), plain)).toMatch(/bids {4}none/)
    expect(formatCard(sampleAlert(), plain)).not.toMatch(/bids|floor|wears/)
  })

  it('has colour only when asked for, and the same text with it', () => {
    const colored = formatCard(sampleAlert(), { ...plain, color: true })
    expect(colored).toContain('\x1b[')
    expect(stripVTControlCharacters(colored)).toBe(formatCard(sampleAlert(), plain))
    expect(formatCard(sampleAlert(), plain)).not.toContain('\x1b')
  })

  it('is stamped SIMULATED unless the market is real', () => {
    expect(formatCard(sampleAlert(), plain)).toContain('SIMULATED · recorded')
    expect(formatCard(sampleAlert(scoredWith({ listing: { source: 'synthetic' } })), plain)).toContain('SIMULATED · synthetic')
    expect(formatCard(sampleAlert(scoredWith({ listing: { source: 'live' } })), plain)).not.toContain('SIMULATED')
    expect(formatLine(sampleAlert(), plain)).toContain('SIMULATED')
  })

  it('lets nothing of the market reach the terminal but printable text', () => {
    for (const text of [formatCard(hostileAlert, plain), formatLine(hostileAlert, plain), formatJson(hostileAlert)]) {
      expect(text).not.toMatch(/[^\x20-\x7e\n━─·◆▼…]/)
    }
    expect(widest(formatCard(hostileAlert, plain))).toBeLessThanOrEqual(100)
    expect(JSON.parse(formatJson(hostileAlert)).reason).toBe(hostile)
  })

  it('law: fits the terminal from 60 columns up, and 100 columns always', () => {
    fc.assert(
      fc.property(anyScored, fc.integer({ min: 1, max: 300 }), fc.boolean(), (scored, columns, color) => {
        const sales = [1e9, 12, 0.01, 5e6, 77].map((usd, index) => sampleSale(usd, index, { identical: true }))
        const crowded = {
          ...scored,
          listing: { ...scored.listing, context: { ...scored.listing.context, similarSales: sales, similarAsks: [sampleAsk(1e8, 900)] } },
        }
        const card = formatCard(sampleAlert(crowded), { columns, color, latencyMillis: 1e9 })
        expect(widest(card)).toBeLessThanOrEqual(Math.min(100, Math.max(60, columns)))
        expect(card.endsWith('\n\n')).toBe(true)
      }),
    )
  })

  it('marks when an identical axie was sold, in UTC', () => {
    const scored = scoredWith({
      context: {
        similarSales: [sampleSale(148, 5, { identical: true })],
        ownLastSale: { usd: 60, soldAt: sampleTime, breedCount: 1, relative: null },
      },
    })
    expect(formatCard(sampleAlert(scored), plain)).toContain('$148 Apr 16 07:00 identical   this axie itself $60.00 Apr 16 12:00')
  })
})

describe('line', () => {
  it('ends with the whole link', () => {
    expect(formatLine(sampleAlert(), plain)).toBe(
      'Apr 16 12:00 +$64.58 Axie #5016355 aquatic asks $80.00 worth $151 ($130 to $174) SIMULATED https://app.axieinfinity.com/marketplace/axies/5016355/\n',
    )
  })
})
