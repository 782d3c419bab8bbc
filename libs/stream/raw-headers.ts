import type { HeaderBytes, Headers, LogRecord, RawParts } from './log.ts'

type Described = Readonly<{ headers: Headers; raw?: RawParts | undefined }>

/** A record's headers with further ones, as text and, where they were raw, as bytes. One of the same name is replaced. */
export function withHeaders({ headers, raw }: Described, further: Headers): Readonly<{ headers: Headers; raw?: RawParts }> {
  const all = { ...headers, ...further }
  if (raw?.headers === undefined) return { headers: all, ...(raw !== undefined && { raw }) }
  const kept = raw.headers.filter(([name]) => !Object.hasOwn(further, name))
  const added = Object.entries(further).map(([name, text]): HeaderBytes => [name, Buffer.from(text)])
  return { headers: all, raw: { ...raw, headers: [...kept, ...added] } }
}

/** Headers in bytes, names included, however they are kept. */
export function headerBytesOf({ headers, raw }: Described): number {
  const list = raw?.headers ?? Object.entries(headers).map(([name, text]): HeaderBytes => [name, Buffer.from(text)])
  return list.reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + (value?.length ?? 0), 0)
}

/** Raw parts as text (bytes in base64), for where only text can stand beside a record; null where text says it all. */
export function formatRaw({ raw }: Pick<LogRecord, 'raw'>): string | null {
  if (raw === undefined) return null
  const headers = raw.headers?.map(([name, value]) => [name, value === null ? null : value.toString('base64')])
  return JSON.stringify({ ...(raw.key && { key: raw.key.toString('base64') }), ...(headers && { headers }) })
}

export function parseRaw(text: string): RawParts {
  const { key, headers } = JSON.parse(text) as { key?: string; headers?: [string, string | null][] }
  return {
    ...(key !== undefined && { key: Buffer.from(key, 'base64') }),
    ...(headers !== undefined && {
      headers: headers.map(([name, value]): HeaderBytes => [name, value === null ? null : Buffer.from(value, 'base64')]),
    }),
  }
}
