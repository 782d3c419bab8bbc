import { svg } from './dom.js'

const width = 200
const height = 14
/** Bars of the table reach from a third of the ask to three times the ask. */
const reach = Math.log(3)

/** A forecast against its ask, on a scale that all bars share: the middle is the ask. `isGood`: the lower quartile is worth more. */
export function intervalBar({ q05, q25, q50, q75, q95 }, askUsd) {
  const at = (value) => {
    const place = Math.log(value / askUsd) / reach
    return Number.isFinite(place) ? ((Math.max(-1, Math.min(1, place)) + 1) / 2) * width : width / 2
  }
  const isGood = q25 > askUsd
  return svg(
    'svg',
    { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: 'none', class: isGood ? 'interval good' : 'interval', 'aria-hidden': 'true' },
    svg('line', { class: 'ask', x1: width / 2, x2: width / 2, y1: 0, y2: height }),
    svg('rect', { class: 'wide', x: at(q05), width: Math.max(1, at(q95) - at(q05)), y: 5.5, height: 3, rx: 1.5 }),
    svg('rect', { class: 'half', x: at(q25), width: Math.max(1, at(q75) - at(q25)), y: 3.5, height: 7, rx: 2 }),
    svg('rect', { class: 'median', x: at(q50) - 1.25, width: 2.5, y: 1.5, height: 11, rx: 1 }),
  )
}

/** The same in dollars, for a card: from the lowest of all marks to the highest, with the ask as a flag. */
export function priceBar({ q05, q25, q50, q75, q95 }, askUsd) {
  const marks = [q05, q95, ...(askUsd === null ? [] : [askUsd])]
  if (!marks.every((value) => value > 0 && Number.isFinite(value))) return null
  const low = Math.log(Math.min(...marks) * 0.94)
  const high = Math.log(Math.max(...marks) * 1.06)
  const at = (value) => ((Math.log(value) - low) / (high - low)) * width
  return svg(
    'svg',
    { viewBox: `0 0 ${width} 18`, preserveAspectRatio: 'none', class: 'interval price', 'aria-hidden': 'true' },
    svg('line', { class: 'axis', x1: 0, x2: width, y1: 11, y2: 11 }),
    askUsd === null
      ? null
      : svg('rect', { class: 'gap', x: Math.min(at(askUsd), at(q50)), width: Math.abs(at(q50) - at(askUsd)), y: 10, height: 2 }),
    svg('rect', { class: 'wide', x: at(q05), width: at(q95) - at(q05), y: 9, height: 4, rx: 2 }),
    svg('rect', { class: 'half', x: at(q25), width: Math.max(1, at(q75) - at(q25)), y: 7, height: 8, rx: 2 }),
    svg('rect', { class: 'median', x: at(q50) - 1.25, width: 2.5, y: 4.5, height: 13, rx: 1 }),
    askUsd === null ? null : svg('path', { class: 'flag', d: `M${at(askUsd)} 16.5V2.5` }),
  )
}
