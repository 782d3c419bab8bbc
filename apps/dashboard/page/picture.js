import { h, svg } from './dom.js'

/** A number from the text, the same each time: what is drawn belongs to its axie. */
const hash = (text) => [...String(text)].reduce((sum, letter) => (Math.imul(sum, 31) + letter.codePointAt(0)) >>> 0, 7)

const horns = ['M40 26l4-13 7 11z', 'M37 27q3-15 12-13-2 8 2 11z', 'M36 26l-2-11 8 7 5-9 5 11z', 'M41 25a6 6 0 1 1 9 0z']
const tails = ['M76 56q16-2 13-18-4 8-14 7z', 'M77 58l15 2-6-9 8-6-17 2z', 'M76 57q8 8 15 1-4-6-3-11-7 1-12 3z']
const backs = ['M58 27q8-12 15-2 5 8-1 15z', 'M57 27l6-9 4 8 8-3-3 10z', 'M57 28q3-9 9-6 9-1 8 9z']
const eyes = [
  [2.6, 0],
  [3.4, 0],
  [2.2, 1.4],
]

/** Its own picture where there may be one; else one drawn from class and parts. Either says nothing that the text beside it does not. */
export function picture({ axieId, class: axieClass, parts, image }, origin) {
  const frame = h('div', { class: 'picture', 'data-class': axieClass })
  frame.append(drawn(axieId, parts))
  if (typeof image !== 'string' || origin === null || !image.startsWith(`${origin}/`)) return frame
  const shown = h('img', { src: image, alt: '', decoding: 'async', referrerpolicy: 'no-referrer', width: 84, height: 64 })
  shown.addEventListener('load', () => frame.replaceChildren(shown))
  // Asked for beside the drawing, which stays where the picture does not come.
  return frame
}

function drawn(axieId, parts) {
  const pick = (list, part) => list[hash(part ?? axieId) % list.length]
  const [radius, lift] = pick(eyes, parts?.eyes)
  return svg(
    'svg',
    { viewBox: '0 0 100 80', 'aria-hidden': 'true', class: 'creature' },
    svg('path', { class: 'limb', d: pick(tails, parts?.tail) }),
    svg('path', { class: 'limb', d: pick(backs, parts?.back) }),
    svg('path', { class: 'limb', d: pick(horns, parts?.horn) }),
    svg('ellipse', { class: 'foot', cx: 38, cy: 69, rx: 6, ry: 5 }),
    svg('ellipse', { class: 'foot', cx: 63, cy: 69, rx: 6, ry: 5 }),
    svg('ellipse', { class: 'body', cx: 50, cy: 48, rx: 29, ry: 22 }),
    svg('path', { class: 'limb', d: hash(parts?.ears) % 2 === 0 ? 'M24 40q-13-4-12 8 6 5 12 2z' : 'M25 38q-10-13-14-3 3 11 13 11z' }),
    svg('ellipse', { class: 'belly', cx: 44, cy: 55, rx: 16, ry: 11 }),
    svg('circle', { class: 'eye', cx: 36, cy: 45 - lift, r: radius }),
    svg('circle', { class: 'eye', cx: 52, cy: 45 - lift, r: radius }),
    svg('path', { class: 'mouth', d: hash(parts?.mouth) % 2 === 0 ? 'M40 53q4 4 8 0' : 'M39 54h10' }),
  )
}
