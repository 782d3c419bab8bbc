import { chmodSync, mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

/**
 * `.flipstream` holds logs, sales, models and the data of servers: on a machine with others they are its owner's alone. The folder is
 * closed rather than every file in it, whoever writes them. Where it cannot be (a read-only image, a mounted folder of somebody else)
 * those who put it there have decided.
 */
export function keepPrivate(root: string): void {
  const folder = join(root, '.flipstream')
  try {
    mkdirSync(folder, { mode: 0o700, recursive: true })
    if ((statSync(folder).mode & 0o077) !== 0) chmodSync(folder, 0o700)
  } catch {
    // Not ours to close; whoever needs to write there says what is wrong.
  }
}
