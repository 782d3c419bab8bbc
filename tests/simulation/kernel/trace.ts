/** What happened, as one number: two runs that did the same have the same, and one step done otherwise gives another. */
export type Trace = Readonly<{
  add(label: string, value: unknown): void
  hash(): string
}>

/** `print`: also told of each step, for people. */
export function createTrace(print: ((line: string) => void) | null): Trace {
  let low = 0x811c9dc5
  let high = 0x9747b28c

  const number = (value: number) => {
    low = Math.imul(low ^ value, 0x01000193)
    high = Math.imul(high ^ (low >>> 15), 0x5bd1e995)
  }
  const text = (value: string) => {
    number(value.length)
    for (let index = 0; index < value.length; index++) number(value.charCodeAt(index))
  }
  const bytes = (value: Uint8Array) => {
    number(value.length)
    for (const byte of value) number(byte)
  }
  const any = (value: unknown): void => {
    if (typeof value === 'number') {
      number(value | 0)
      number((value / 2 ** 32) | 0)
    } else if (typeof value === 'string') text(value)
    else if (typeof value === 'boolean') number(value ? 1 : 2)
    else if (value instanceof Uint8Array) bytes(value)
    else if (value instanceof Error) text(`${value.name} ${value.message}`)
    else if (Array.isArray(value)) for (const item of value) any(item)
    else if (value !== null && typeof value === 'object') {
      for (const key in value) {
        text(key)
        any((value as Record<string, unknown>)[key])
      }
    } else number(3)
  }

  return {
    add(label, value) {
      text(label)
      if (value !== undefined) any(value)
      print?.(value === undefined ? label : `${label}  ${describe(value)}`)
    },
    hash: () => (high >>> 0).toString(16).padStart(8, '0') + (low >>> 0).toString(16).padStart(8, '0'),
  }
}

const maxLineLength = 220

function describe(value: unknown): string {
  if (value instanceof Error) return `${value.name}: ${value.message}`
  const readable = JSON.stringify(value, (_, part) => (part?.type === 'Buffer' ? String(Buffer.from(part.data)) : part)) ?? String(value)
  return readable.length > maxLineLength ? `${readable.slice(0, maxLineLength)}…` : readable
}
