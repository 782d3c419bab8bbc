import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Notification, NotificationStatus } from '#schemas/types.ts'
import { keyOf } from './intents.ts'
import { applyWord, heldDetail, type Story } from './story.ts'

const word = (status: NotificationStatus, writer: string | null, detail: string | null = null): Notification => ({
  ...{ alertId: 'x', channel: 'c', nonce: 'n', messageId: null, at: 0 },
  ...{ status, writer, detail },
})
const intends = (writer: string | null) => word('intended', writer)
const gives = (writer: string | null) => word('intended', writer, heldDetail)
/** The least that compaction leaves. */
const compacted = (words: readonly Notification[]) =>
  words.filter((one, index) => words.findLastIndex((other) => keyOf(other) === keyOf(one)) === index)
const tell = (...words: Notification[]) => words.reduce<Story | undefined>(applyWord, undefined)!

describe('the story of an alert', () => {
  it.each<[string, Notification[], string | null | undefined]>([
    ['the first intent wins', [intends('a'), intends('b')], 'a'],
    ['said twice it is one', [intends('a'), intends('a'), intends('b')], 'a'],
    ['its writer may give it up', [intends('a'), intends('b'), gives('a'), intends('c')], 'c'],
    ['another may not', [intends('a'), gives('b'), intends('b')], 'a'],
    [
      'what was given up for a writer who is gone stays with who took it',
      [intends('a'), gives('a'), intends('b'), gives('a'), intends('c')],
      'b',
    ],
    ['an intent of an older version names nobody, and is one', [intends(null), intends('b')], null],
    ['and is given up as such', [intends(null), gives(null), intends('b')], 'b'],
    ['what was sent is nobody’s', [intends('a'), word('sent', 'a'), intends('b')], undefined],
    ['what expired, too', [word('expired', 'a'), intends('b')], undefined],
  ])('%s', (_case, words, owner) => {
    expect(tell(...words).owner?.writer).toBe(owner)
  })

  it('who cannot know does not overrule who has shown it', () => {
    expect(tell(intends('a'), word('sent', 'a'), word('unknown', 'b')).newest.status).toBe('sent')
    expect(tell(intends('a'), word('unknown', 'b'), word('sent', 'a')).newest.status).toBe('sent')
  })

  it('law: what was shown stays closed, whatever others say later and compaction leaves', () => {
    const late = fc.record({ writer: fc.constantFrom('b', 'c'), kind: fc.constantFrom('intends', 'gives up', 'unknown') })
    fc.assert(
      fc.property(fc.array(late, { maxLength: 8 }), (lates) => {
        const words = [intends('a'), word('sent', 'a')]
        for (const { writer, kind } of lates)
          words.push(kind === 'unknown' ? word('unknown', writer) : kind === 'intends' ? intends(writer) : gives(writer))
        const left = compacted(words)
        expect(tell(...left)).toMatchObject({ owner: null, newest: { status: 'sent' } })
        expect(tell(...left).closedBy).not.toBeNull()
      }),
    )
  })

  it('law: while somebody may be showing it, whoever reads what compaction leaves knows that somebody may', () => {
    const step = fc.record({ writer: fc.constantFrom(null, 'a', 'b', 'c'), kind: fc.constantFrom(intends, gives) })
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 10 }), (steps) => {
        const words = steps.map(({ writer, kind }) => kind(writer))
        if (tell(...words).owner !== null) expect(tell(...compacted(words)).owner).not.toBeNull()
      }),
    )
  })

  it('law: of any writers who each show only what they own when their intent comes back, at most one shows it', () => {
    const writer = fc.constantFrom('a', 'b', 'c')
    const step = fc.record({ writer, kind: fc.constantFrom('intends', 'gives up') })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        let story: Story | undefined
        const showing = new Set<string>()
        for (const { writer, kind } of steps) {
          // Whoever gives up has not shown it, and does not go on to.
          if (kind === 'gives up' && showing.has(writer)) continue
          story = applyWord(story, kind === 'intends' ? intends(writer) : gives(writer))
          if (kind === 'intends' && story.owner?.writer === writer) showing.add(writer)
        }
        expect(showing.size).toBeLessThanOrEqual(1)
      }),
    )
  })
})
