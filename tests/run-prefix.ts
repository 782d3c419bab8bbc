import { inject } from 'vitest'
import { randomId } from '#lib/clock/clock.ts'

/**
 * Names for what a test creates on servers that it shares with others. They begin with the test session's own name, by which everything
 * is removed at its end (tests/servers.ts).
 */

/** A new prefix for topics, groups and keys, ending in a dot: `test-20261123t064500z-1f0c.runner-9be2d1.` */
export const runPrefix = (name: string): string => `${inject('session')}.${name}-${randomId().slice(0, 6)}.`

/** A new bucket's name. Buckets take neither capitals nor dots; the bucket is not created here. */
export const bucketName = (name: string): string => `${inject('session')}-${name}-${randomId().slice(0, 6)}`
