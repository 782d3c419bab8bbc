import { existsSync, statSync } from 'node:fs'
import { UsageError } from '#lib/app/usage-error.ts'
import { parseDuration, parseMoment } from '#lib/words/time.ts'

/**
 * Values of options, read the same way by every command: each says what it expected and what it found, with the option's name (a
 * UsageError, exit code 2), and none guesses. An empty value is none of what is expected here.
 */

const refuse = (option: string, expected: string, found: string): never => {
  throw new UsageError(`${option}: expected ${expected}, found ${found === '' ? 'nothing' : found}`)
}

/** A time with its zone, or unix seconds, as milliseconds. */
export function momentOption(option: string, text: string): number {
  const moment = parseMoment(text)
  return typeof moment === 'number' ? moment : refuse(option, moment.expected, text)
}

/** `90s`, `10m`, `2h`, `1.5d`, as milliseconds; above zero. */
export function durationOption(option: string, text: string): number {
  return parseDuration(text) ?? refuse(option, 'a duration such as 90s, 10m or 2h', text)
}

/** `or`: a word that is taken as well, for the message. */
export type Range = Readonly<{ atLeast?: number; atMost?: number; above?: number; or?: string }>

/** A number in plain decimal notation, within the range, ends included but `above`. */
export function numberOption(option: string, text: string, range: Range = {}): number {
  const value = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN
  return isWithin(value, range) ? value : refuse(option, `a number${describe(range)}`, text)
}

/** The same for whole numbers; up to 2^53 where the range has no end. */
export function wholeNumberOption(option: string, text: string, range: Range = {}): number {
  const value = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN
  return Number.isSafeInteger(value) && isWithin(value, range) ? value : refuse(option, `a whole number${describe(range)}`, text)
}

/** What random numbers begin with: any whole number that every generator of ours takes. */
export const seedOption = (option: string, text: string): number => wholeNumberOption(option, text, { atLeast: 0, atMost: 2 ** 31 - 1 })

export function choiceOption<const Choice extends string>(option: string, text: string, choices: readonly Choice[]): Choice {
  return choices.find((choice) => choice === text) ?? refuse(option, orList(choices), text)
}

/** A file that is there. */
export function fileOption(option: string, path: string, hint = ''): string {
  if (path === '') return refuse(option, 'the name of a file', path)
  if (existsSync(path) && statSync(path).isFile()) return path
  const isFolder = existsSync(path)
  throw new UsageError(`${option}: ${isFolder ? `${path} is not a file` : `no file ${path}`}.${hint === '' ? '' : ` ${hint}`}`)
}

/** A text that is not empty: a name, a path to be, an address. */
export const textOption = (option: string, text: string, what = 'a value'): string => (text.trim() === '' ? refuse(option, what, '') : text)

const isWithin = (value: number, { atLeast = -Infinity, atMost = Infinity, above = -Infinity }: Range): boolean =>
  Number.isFinite(value) && value >= atLeast && value <= atMost && value > above

function describe({ or, ...limits }: Range): string {
  return `${describeLimits(limits)}${or === undefined ? '' : `, or ${or}`}`
}

function describeLimits({ atLeast, atMost, above }: Range): string {
  if (atLeast !== undefined && atMost !== undefined) return ` from ${atLeast} to ${atMost}`
  const bounds = [
    ...(above === undefined ? [] : [`above ${above}`]),
    ...(atLeast === undefined ? [] : [`from ${atLeast} up`]),
    ...(atMost === undefined ? [] : [`up to ${atMost}`]),
  ]
  return bounds.length === 0 ? '' : ` ${bounds.join(' and ')}`
}

const orList = (words: readonly string[]): string =>
  words.length < 2 ? words.join() : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`
