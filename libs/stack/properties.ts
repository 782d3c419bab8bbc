/**
 * A file of Java properties. Java reads it as Latin-1 (whatever the locale) and takes a backslash as the beginning of an escape, so
 * everything beyond plain ASCII (a folder named Überraschung) is written as \uXXXX.
 */
export function formatProperties(settings: Readonly<Record<string, string | number | boolean>>): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${escaped(String(value))}\n`)
    .join('')
}

function escaped(value: string): string {
  const text = value.replace(/\\/g, '\\\\').replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
  // Blanks before a value are skipped.
  return text.startsWith(' ') ? `\\${text}` : text
}
