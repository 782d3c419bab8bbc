/** The number of the axie that somebody means: by itself, with a #, as a listing's name, or in the address of its page. Null: none. */
export function axieIdOf(text) {
  const wanted = text.trim()
  const plain = /^#?(\d{1,20})$/.exec(wanted) ?? /^axie:(\d{1,20})(:|$)/.exec(wanted)
  if (plain !== null) return plain[1]
  const address = URL.parse(wanted) ?? URL.parse(`https://${wanted}`)
  return /\/axies?\/(\d{1,20})(\/|$)/.exec(address?.pathname ?? '')?.[1] ?? null
}
