import { readFileSync } from 'node:fs'
import { type ZodType, z } from 'zod'

/** One environment variable. `example` or `default` is shown in --help; without a default the variable must be set. */
export type Setting<T = unknown> = Readonly<{
  schema: ZodType<T>
  description: string
  unit?: string
  /** As it would be written in the environment. */
  default?: string
  /** Never shown. `<NAME>_FILE` may name a file that holds it, as a cluster mounts secrets. */
  secret?: boolean
}>

export type Settings = Readonly<Record<string, Setting>>

export type Config<S extends Settings> = Readonly<{ [Name in keyof S]: S[Name] extends Setting<infer T> ? T : never }>

/** What is wrong with a configuration: every problem at once, each with the variable's name. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

/** Keeps the type of each value for `Config`. */
export const defineConfig = <S extends Settings>(settings: S): S => settings

/** Parts of settings that many apps need. */
export const text = () => z.string().min(1)
export const optionalText = () => z.string().transform((value) => (value === '' ? null : value))
export const integer = (min: number, max: number) => z.coerce.number().int().min(min).max(max)
export const decimal = (min: number, max: number) => z.coerce.number().min(min).max(max)
export const url = () => z.url({ protocol: /^https?$/, error: 'expected an http or https address' })
export const oneOf = <const T extends readonly [string, ...string[]]>(values: T) => z.enum(values)

/** Reads, checks and freezes. An empty variable counts as not set. Throws ConfigError. */
export function parseConfig<S extends Settings>(settings: S, env: Readonly<Record<string, string | undefined>>): Config<S> {
  const problems: string[] = []
  const values: Record<string, unknown> = {}
  for (const [name, setting] of Object.entries(settings)) {
    const given = env[name] === '' ? undefined : env[name]
    const file = setting.secret ? env[`${name}_FILE`] || undefined : undefined
    const raw = given ?? (file === undefined ? setting.default : secretOf(name, file, problems))
    if (given !== undefined && file !== undefined) problems.push(`${name} and ${name}_FILE are both set: which one holds?`)
    if (raw === null) continue
    if (raw === undefined) {
      problems.push(`${name} is not set: ${setting.description}`)
      continue
    }
    const parsed = setting.schema.safeParse(raw)
    if (parsed.success) values[name] = parsed.data
    else
      problems.push(
        `${name}=${setting.secret ? '[secret]' : JSON.stringify(raw)}: ${parsed.error.issues.map(({ message }) => message).join('; ')}`,
      )
  }
  if (problems.length > 0) throw new ConfigError(problems.join('\n'))
  return Object.freeze(values) as Config<S>
}

/** Without the line's end that editors leave. Null where the file is no use, which is then a problem. */
function secretOf(name: string, file: string, problems: string[]): string | null {
  try {
    const secret = readFileSync(file, 'utf8').trimEnd()
    if (secret !== '') return secret
    problems.push(`${name}_FILE=${file}: the file is empty`)
  } catch (error) {
    problems.push(`${name}_FILE=${file}: the file cannot be read (${(error as NodeJS.ErrnoException).code})`)
  }
  return null
}

/** The table that --help prints. */
export function describeSettings(settings: Settings): string {
  const rows = Object.entries(settings).map(([name, setting]) => {
    const shown = setting.default === undefined ? 'required' : setting.default === '' ? 'empty' : setting.default
    return { name, value: `${shown}${setting.unit === undefined ? '' : ` ${setting.unit}`}`, description: setting.description }
  })
  const width = (pick: (row: (typeof rows)[number]) => string) => Math.max(...rows.map((row) => pick(row).length))
  const [first, second] = [width(({ name }) => name), width(({ value }) => value)]
  return rows.map(({ name, value, description }) => `  ${name.padEnd(first)}  ${value.padEnd(second)}  ${description}`).join('\n')
}
