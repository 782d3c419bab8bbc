/** Text for a terminal: styled runs, laid out by the width a person sees. */

export type Style = 'plain' | 'dim' | 'bold' | 'good' | 'goodBold' | 'warn' | 'link' | 'mark' | 'range'

export type Run = Readonly<{ text: string; style: Style }>

const codes: Readonly<Record<Style, string>> = {
  plain: '',
  dim: '2',
  bold: '1',
  good: '32',
  goodBold: '1;32',
  warn: '1;30;43',
  link: '4;36',
  mark: '1;35',
  range: '36',
}

export const run = (text: string, style: Style = 'plain'): Run => ({ text, style })

/**
 * What the market says, safe to print: control characters (escape sequences among them), line breaks, text that reverses direction or
 * has no width become '?'. Names of axies and parts are ASCII; whatever else comes may not move the cursor or spoil the layout.
 */
export const printable = (text: string, maxLength = 60): string => {
  const clean = text.replace(/[^\x20-\x7e]+/g, '?')
  return clean.length <= maxLength ? clean : `${clean.slice(0, maxLength - 1)}~`
}

export const widthOf = (runs: readonly Run[]): number => runs.reduce((width, { text }) => width + [...text].length, 0)

export function render(runs: readonly Run[], color: boolean): string {
  return runs.map(({ text, style }) => (color && codes[style] !== '' ? `\x1b[${codes[style]}m${text}\x1b[0m` : text)).join('')
}

/** Left and right in one line of this width; the left gives way, cut with an ellipsis. `fill` is drawn between. */
export function justify(left: readonly Run[], right: readonly Run[], width: number, fill = ' ', fillStyle: Style = 'dim'): Run[] {
  const room = Math.max(0, width - widthOf(right))
  const fitted = shorten(left, room)
  if (right.length === 0) return fitted
  return [...fitted, run(fill.repeat(Math.max(0, room - widthOf(fitted))), fillStyle), ...right]
}

/** At most `width` wide: what is longer ends in an ellipsis. */
export function shorten(runs: readonly Run[], width: number): Run[] {
  if (widthOf(runs) <= width) return [...runs]
  const fitted: Run[] = []
  let left = width - 1
  for (const { text, style } of runs) {
    const characters = [...text].slice(0, Math.max(0, left))
    left -= characters.length
    if (characters.length > 0) fitted.push(run(characters.join(''), style))
  }
  return width < 1 ? [] : [...fitted, run('…', 'dim')]
}

/** Pieces that stay whole, flowing into lines of at most `width`. A piece too long for a line is cut. */
export function flow(pieces: readonly (readonly Run[])[], separator: Run, width: number): Run[][] {
  const lines: Run[][] = []
  for (const piece of pieces) {
    const last = lines.at(-1)
    if (last !== undefined && widthOf(last) + widthOf([separator]) + widthOf(piece) <= width) last.push(separator, ...piece)
    else lines.push(shorten(piece, width))
  }
  return lines
}

export const words = (text: string, style: Style = 'plain'): Run[][] =>
  text
    .split(' ')
    .filter(Boolean)
    .map((word) => [run(word, style)])
