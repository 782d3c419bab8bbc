import { h } from './dom.js'

/** Each head is a name and the class of its column's cells. */
export const plainTable = ({ kind = '', head = [], rows, foot = null }) =>
  h(
    'table',
    { class: `plain ${kind}` },
    head.length > 0 && h('thead', {}, h('tr', {}, ...head.map(([name, cells]) => h('th', { scope: 'col', class: cells }, name)))),
    h('tbody', {}, ...rows),
    foot,
  )

/** It scrolls by itself where the screen is too narrow. */
export const scrollTable = ({ label, ...table }) =>
  h('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': label }, plainTable(table))

export const numberCell = (text, kind = '') => h('td', { class: `number ${kind}` }, text)

/** The class that colours a gain or a loss; none for 0 and for what is not known. */
export const gainClass = (value) => (value > 0 ? 'up' : value < 0 ? 'lost' : '')
