import { h } from './dom.js'

const addressOf = (axieId) => `https://app.axieinfinity.com/marketplace/axies/${encodeURIComponent(axieId)}/`

/** A link to an axie's page on the marketplace, in a tab of its own. */
export const marketLink = (axieId, properties, ...children) =>
  h('a', { href: addressOf(axieId), rel: 'noopener noreferrer', target: '_blank', ...properties }, ...children)
