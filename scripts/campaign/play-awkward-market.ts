/**
 * `npm start -- --live` for some minutes against a simulated marketplace with every switch on at once, and what came of it, as JSON.
 *   npm run play:awkward [-- --minutes 10]
 */
import { parseArgs } from 'node:util'
import { resolveStack } from '#lib/stack/resolve.ts'
import { playAwkwardMarket } from '../../tests/awkward-market.ts'

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '10' } } })
const onProgress = (line: string) => void process.stderr.write(`${line}\n`)
const stack = await resolveStack({ env: process.env, onProgress, allowEmbedded: false })
if (stack.kind === 'embedded') throw new Error('this needs a real broker')
const played = await playAwkwardMarket({ servers: stack, seconds: Number(values.minutes) * 60, onProgress })
if (played.code !== 0) throw new Error(`the start ended with exit code ${played.code}`)
const { stderr: _, lost, wrongAsks, ...account } = await played.account()
process.stdout.write(`${JSON.stringify({ ...account, lost: lost.slice(0, 20), wrongAsks: wrongAsks.slice(0, 20) }, null, 2)}\n`)
process.exit(0)
