/**
 * JSON with one spelling: keys in code unit order, no spaces. Equal values have equal bytes, so a hash names the value.
 * (The subset of RFC 8785 that needs no more: numbers and strings are spelled as ECMAScript does, which is what the RFC asks for.)
 * Throws on what JSON cannot hold: NaN, infinities, functions, undefined.
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'number' && Number.isFinite(value)) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (typeof value === 'object') {
    const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
    return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`).join(',')}}`
  }
  throw new TypeError(`canonical JSON cannot hold ${typeof value} ${String(value)}`)
}
