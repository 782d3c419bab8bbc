import { printable } from '#lib/words/terminal-text.ts'

/** Text for Discord: whatever the market says is shown as it is, and does nothing. */

/** Discord's limits, in characters. All embeds of a message together may hold `total`. */
export const limits = {
  title: 256,
  description: 4_096,
  fieldName: 256,
  fieldValue: 1_024,
  footer: 2_048,
  author: 256,
  customId: 100,
  total: 6_000,
} as const

/**
 * What the market says: names of axies and parts are ASCII, and whatever else comes (control characters, what has no width, what turns the
 * direction of text) becomes '?'. For places where Discord knows no markdown: footers and authors.
 */
export const bare = (text: string, maxLength = 60): string =>
  // What makes a text longer comes before it is cut.
  printable(text.replaceAll('://', ': //'), maxLength).replaceAll('@', '＠')

/** The same for places where it does: markdown, mentions, links and Discord's own marks lose their meaning. */
export const plain = (text: string, maxLength = 60): string => bare(text, maxLength).replace(/[\\*_~`|>#[\]()<]/g, (mark) => `\\${mark}`)

/** At most this length, by whole characters; what is longer ends in an ellipsis. */
export function clip(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text
  const characters = [...text]
  let kept = ''
  for (const character of characters) {
    if (kept.length + character.length > maxLength - 1) break
    kept += character
  }
  return `${kept.replace(/\\+$/, '')}…`
}

/** Lines that fit, whole; the rest is counted. */
export function clipLines(lines: readonly string[], maxLength: number): string {
  const rest = (count: number) => `… and ${count} more`
  const kept: string[] = []
  let length = 0
  for (const [index, line] of lines.entries()) {
    const room = index === lines.length - 1 ? 0 : rest(lines.length).length + 1
    if (length + line.length + 1 + room > maxLength) return [...kept, rest(lines.length - index)].join('\n')
    kept.push(line)
    length += line.length + 1
  }
  return kept.join('\n')
}

/** An address of a picture that Discord may fetch, or null. */
export function imageAddress(text: string | null): string | null {
  if (text === null || text.length > 1_000) return null
  try {
    const { protocol, href, username, password } = new URL(text)
    return protocol === 'https:' && username === '' && password === '' && /^[\x21-\x7e]+$/.test(href) ? href : null
  } catch {
    return null
  }
}
