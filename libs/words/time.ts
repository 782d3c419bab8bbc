/** Moments and durations as people write them in options, settings and filters: read in one way, by whoever reads them. */

const isoMoment = /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?(Z|[+-]\d{2}:?\d{2})?)?$/
const formsOfMoment = 'a time with its zone such as 2022-04-16T12:00:00Z, a date (UTC) or unix seconds'

/** What a text was to be, where it is not. */
export type Unreadable = Readonly<{ expected: string }>

/**
 * Milliseconds since 1970. A moment needs a zone (without one it would mean something else on each machine) and must exist: February has
 * no 31st day, and an hour no 61st minute. A date alone is its midnight in UTC. Whole unix seconds from 2001 to 2286 are taken too; milliseconds and microseconds are not.
 */
export function parseMoment(text: string): number | Unreadable {
  if (/^\d{9,10}$/.test(text)) return Number(text) * 1_000
  if (/^\d{12,19}$/.test(text)) {
    const unit = text.length <= 14 ? 'milliseconds' : text.length <= 17 ? 'microseconds' : 'nanoseconds'
    return { expected: `${formsOfMoment} (these seem to be ${unit})` }
  }
  const match = isoMoment.exec(text)
  if (match === null) return { expected: formsOfMoment }
  const [, year, month, day, hour = '00', minute = '00', second = '00', fraction = '', given] = match as unknown as (string | undefined)[]
  const zone = text.length === 10 ? 'Z' : given
  if (zone === undefined) return { expected: `${formsOfMoment} (the zone is missing)` }
  const local = `${year}-${month}-${day}T${hour}:${minute}:${second}`
  const asUtc = Date.parse(`${local}Z`)
  // What does not exist is refused, or comes back as another moment.
  if (Number.isNaN(asUtc) || new Date(asUtc).toISOString().slice(0, 19) !== local)
    return { expected: `${formsOfMoment} (there is no such day or hour)` }
  const offset = zoneMinutes(zone)
  if (offset === null) return { expected: `${formsOfMoment} (there is no such zone)` }
  return asUtc - offset * 60_000 + Number(fraction.slice(0, 3).padEnd(3, '0'))
}

/** Minutes east of Greenwich; null beyond what any place has. */
function zoneMinutes(zone: string): number | null {
  if (zone === 'Z') return 0
  const digits = zone.replace(/\D/g, '')
  const [hours, minutes] = [Number(digits.slice(0, 2)), Number(digits.slice(2))]
  if (hours > 14 || minutes > 59) return null
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes)
}

const millisPer = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Milliseconds of `500ms`, `90s`, `10m`, `2h`, `1.5d`; null for anything else, for nothing, and for what no clock could count. */
export function parseDuration(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text)
  if (match === null) return null
  const millis = Number(match[1]) * millisPer[match[2] as keyof typeof millisPer]
  return millis > 0 && millis <= Number.MAX_SAFE_INTEGER ? millis : null
}
