import { readFileSync } from 'node:fs'
import { parseDocument } from 'yaml'
import { UsageError } from '#lib/app/usage-error.ts'

type Value = number | string | boolean | null | readonly Value[] | Readonly<{ [name: string]: Value }>

/**
 * Settings of training from a YAML file, laid over the defaults: a file says only what it changes. Whatever the defaults do not know, or
 * know as something else, is a mistake and is told with its place: a misspelt name must not train with the default in silence.
 * UsageError with every problem at once.
 */
export function readHyperparameters<Settings extends object>(file: string, defaults: Settings): Settings {
  return parseHyperparameters(readFileSync(file, 'utf8'), file, defaults)
}

export function parseHyperparameters<Settings extends object>(text: string, file: string, defaults: Settings): Settings {
  const document = parseDocument(text)
  const [broken] = document.errors
  if (broken !== undefined) throw new UsageError(`${file}: ${broken.message}`)
  const problems: string[] = []
  const settings = overlay(defaults as Value, document.toJS() ?? {}, '', problems)
  if (problems.length > 0) throw new UsageError(problems.map((problem) => `${file}: ${problem}`).join('\n'))
  return settings as Settings
}

function overlay(known: Value, found: unknown, path: string, problems: string[]): Value {
  const wrong = (expected: string): Value => {
    problems.push(`${path === '' ? 'the file' : path}: expected ${expected}, found ${JSON.stringify(found)}`)
    return known
  }
  if (known === null || typeof known !== 'object') {
    const fits = typeof found === typeof known && (typeof found !== 'number' || Number.isFinite(found))
    return fits ? (found as Value) : wrong(`a ${typeof known} such as ${known}`)
  }
  if (Array.isArray(known)) {
    if (!Array.isArray(found) || found.length !== known.length) return wrong(`a list of ${known.length}, such as ${JSON.stringify(known)}`)
    return known.map((value, index) => overlay(value, found[index], `${path}[${index}]`, problems))
  }
  if (found === null || typeof found !== 'object' || Array.isArray(found))
    return wrong(`settings by name (${Object.keys(known).join(', ')})`)
  const settings: Record<string, Value> = { ...(known as Readonly<Record<string, Value>>) }
  for (const [name, value] of Object.entries(found)) {
    const inside = path === '' ? name : `${path}.${name}`
    if (name in known) settings[name] = overlay(settings[name] as Value, value, inside, problems)
    else problems.push(`${inside}: no such setting; there are ${Object.keys(known).join(', ')}`)
  }
  return settings
}
