import { createRequire } from 'node:module'

/**
 * The door through which every `…-patch.ts` of this folder reaches into kafkajs. The patches rewrite functions that kafkajs does not publish, so
 * they are only right for the version that they were written against.
 */
const patchedVersion = '2.2.4'

const require = createRequire(import.meta.url)
const { version } = require('kafkajs/package.json') as { version: string }
if (version !== patchedVersion)
  throw new Error(
    `expected kafkajs ${patchedVersion}, found ${version}: libs/stream/kafkajs/*-patch.ts change its inner functions. ` +
      `Install ${patchedVersion}, or go through each patch with the new source beside it and change patchedVersion in libs/stream/kafkajs/internals.ts`,
  )

/** A module of kafkajs by its path below `src`, as kafkajs itself sees it: what is changed on it changes for kafkajs. */
export const kafkajsModule = (path: string): unknown => require(`kafkajs/src/${path}`)

/**
 * Loads `entry` anew with `replacement` in place of `replaced`. `between` are the modules that lead from the one to the other: they have
 * captured what they required when they were first loaded, perhaps by an import that ran before ours. All other modules stay shared.
 */
export function reloadKafkajsModule(entry: string, between: readonly string[], replaced: string, replacement: unknown): unknown {
  const fileOf = (path: string) => require.resolve(`kafkajs/src/${path}`)
  const loadedBefore = new Map([entry, ...between, replaced].map((path) => [fileOf(path), require.cache[fileOf(path)]]))
  try {
    for (const file of loadedBefore.keys()) delete require.cache[file]
    kafkajsModule(replaced)
    require.cache[fileOf(replaced)]!.exports = replacement
    return kafkajsModule(entry)
  } finally {
    for (const [file, module] of loadedBefore)
      if (module === undefined) delete require.cache[file]
      else require.cache[file] = module
  }
}

/**
 * Puts `replacement` in the place of a module for the modules that use it and are loaded anew whenever they are needed (kafkajs does so
 * with each version of a request): those among them that were loaded before are forgotten.
 */
export function replaceKafkajsModule(replaced: string, replacement: unknown, users: readonly string[]): void {
  kafkajsModule(replaced)
  require.cache[require.resolve(`kafkajs/src/${replaced}`)]!.exports = replacement
  for (const user of users) delete require.cache[require.resolve(`kafkajs/src/${user}`)]
}
