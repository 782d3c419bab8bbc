import uPlot from '/plot/uPlot.esm.js'
import { dateTime } from './format.js'

/** What all plots over time have in common: `style` reads a property of the page's colours, `formatValue` labels the upright axis. */
export function timePlotOptions({ width, height, style, formatValue }) {
  const axis = { stroke: style('--faint'), grid: { stroke: style('--line'), width: 1 }, ticks: { show: false }, font: '11px system-ui' }
  return {
    width: Math.max(200, width),
    height,
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1_000), 'Etc/UTC'),
    legend: { show: false },
    cursor: { y: false, points: { size: 5 } },
    axes: [
      { ...axis, space: 90, values: (_, seconds) => seconds.map((second) => dateTime(second * 1_000)) },
      { ...axis, size: 52, values: (_, values) => values.map((value) => (value === null ? '' : formatValue(value))) },
    ],
  }
}
