#!/usr/bin/env node
/** `node bin/node.mjs [node flags] script [arguments]`: runs any script on Node 22. */
import { resolve } from 'node:path'
import { launch } from './launch.mjs'

const given = process.argv.slice(2)
const scriptIndex = given.findIndex((argument) => !argument.startsWith('-'))
const script = given[scriptIndex]
if (script === undefined) {
  console.error('usage: node bin/node.mjs [node flags] SCRIPT [arguments]')
  process.exit(2)
}
await launch(resolve(script), given.slice(scriptIndex + 1), given.slice(0, scriptIndex))
