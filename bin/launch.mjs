/**
 * Runs a script on the Node this project is made for (22.22 or later, below 23), whatever Node started us.
 * Plain JavaScript without dependencies: this file must run on Node 20 and before anything is installed.
 */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { constants } from 'node:os'
import { delimiter, dirname } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const forwardedSignals = ['SIGTERM', 'SIGINT', 'SIGHUP']

/** @param {string} version such as `22.22.0` */
export function isSupportedNode(version) {
  const [major, minor] = version.split('.').map(Number)
  return major === 22 && minor >= 22
}

/** The Node that package.json pins as an optional dependency for this platform, or null where it is not installed. */
export function bundledNode() {
  const path = fileURLToPath(new URL(`../node_modules/node-${process.platform}-${process.arch}/bin/node`, import.meta.url))
  return existsSync(path) ? path : null
}

/**
 * @param {string} script absolute path
 * @param {string[]} args the script's own
 * @param {string[]} [nodeFlags] such as `--expose-gc`; they force a process of its own
 */
export async function launch(script, args, nodeFlags = []) {
  const isSupported = isSupportedNode(process.versions.node)
  const node = isSupported ? process.execPath : bundledNode()
  if (node === null) {
    console.error(`flipstream needs Node 22 (22.22 or later); this is ${process.versions.node}, and the bundled one is not installed.`)
    console.error('Run: npm ci')
    process.exit(1)
  }
  if (!isSupported || nodeFlags.length > 0) return runAsChild(node, [...nodeFlags, script, ...args])
  if (process.pid === 1) endOnSignals()
  process.argv = [process.execPath, script, ...args]
  await import(pathToFileURL(script).href)
}

/** For process 1 (a container) signals have no default effect: without this a command that does not listen could only be killed. */
function endOnSignals() {
  for (const signal of forwardedSignals) {
    const end = () => {
      if (process.listenerCount(signal) === 1) process.exit(128 + constants.signals[signal])
    }
    process.on(signal, end)
  }
}

/**
 * The child shares our terminal and gets every signal sent to us. Should we be killed with SIGKILL, it notices that the channel
 * between us has closed and stops by itself (follow-parent.mjs).
 */
function runAsChild(node, args) {
  const followParent = new URL('follow-parent.mjs', import.meta.url).href
  const child = spawn(node, ['--import', followParent, '--disable-warning=ExperimentalWarning', ...args], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: {
      ...process.env,
      PATH: `${dirname(node)}${delimiter}${process.env.PATH ?? ''}`,
      FLIPSTREAM_LAUNCHER_PID: String(process.pid),
    },
  })
  for (const signal of forwardedSignals) {
    process.on(signal, () => {
      // ctrl-C in a terminal reaches the whole foreground group: the child has it already.
      if (signal === 'SIGINT' && process.stdin.isTTY) return
      child.kill(signal)
    })
  }
  child.on('error', (error) => {
    console.error(`flipstream: cannot run ${node}: ${error.message}`)
    process.exit(1)
  })
  child.on('exit', (code, signal) => process.exit(signal === null ? code : 128 + constants.signals[signal]))
}
