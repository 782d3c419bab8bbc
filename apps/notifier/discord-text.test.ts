import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bare, clip, clipLines, imageAddress, plain } from './discord-text.ts'

const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc
    .array(
      fc.constantFrom('@everyone', '<@1>', '**', '[a](https://b.c)', '\u202E', '\u200B', '\\', '`', '||', '<t:1>', '💸', 'a', ' ', '\n# '),
      { maxLength: 40 },
    )
    .map((parts) => parts.join('')),
)

describe('text for Discord', () => {
  it('law: what the market says does nothing: no mention, mark, link, or character that cannot be seen', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const shown = plain(text, 80)
        expect(shown).toMatch(/^[\x20-\x7e＠]*$/)
        expect(shown).not.toMatch(/@|:\/\//)
        // Every mark is escaped, and no escape is left without one.
        expect(shown.replace(/\\[\\*_~`|>#[\]()<]/g, '')).not.toMatch(/[\\*_~`|>#[\]()<]/)
        expect(bare(text, 80).length).toBeLessThanOrEqual(80)
      }),
      { examples: [['a://'.repeat(30)]] },
    )
  })

  it('law: clipped text fits, and ends in no half character', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), fc.integer({ min: 1, max: 100 }), (text, most) => {
        const clipped = clip(text, most)
        expect(clipped.length).toBeLessThanOrEqual(most)
        expect(clipped).not.toMatch(/[\uD800-\uDBFF](?![\uDC00-\uDFFF])/)
        if (text.length <= most) expect(clipped).toBe(text)
      }),
    )
  })

  it('law: lines are kept whole, and those left out are counted', () => {
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^[a-z]{1,20}$/), { maxLength: 50 }), fc.integer({ min: 30, max: 300 }), (lines, most) => {
        const text = clipLines(lines, most)
        expect(text.length).toBeLessThanOrEqual(most)
        const shown = text === '' ? [] : text.split('\n')
        const left = Number(/^… and (\d+) more$/.exec(shown.at(-1) ?? '')?.[1] ?? 0)
        expect(left === 0 ? shown : shown.slice(0, -1)).toEqual(lines.slice(0, lines.length - left))
      }),
    )
  })

  it.each([
    ['https://cdn.example/axie.png', 'https://cdn.example/axie.png'],
    ['http://cdn.example/axie.png', null],
    ['javascript:alert(1)', null],
    ['https://user:secret@cdn.example/axie.png', null],
    ['not an address', null],
    [`https://cdn.example/${'x'.repeat(2_000)}`, null],
    ['', null],
    [null, null],
  ])('picture %s becomes %s', (text, address) => {
    expect(imageAddress(text)).toBe(address)
  })
})
