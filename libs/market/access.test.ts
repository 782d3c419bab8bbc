import { expect, it } from 'vitest'
import { apps } from '#app/apps.ts'
import { settings } from '#lib/archive/config.ts'
import { access, rightsOf } from './access.ts'

it('knows every app: one that is new says here what it reads and writes', () => {
  expect(Object.keys(access).sort()).toEqual(Object.keys(apps).sort())
})

it('lets the archiver read what it archives by default', () => {
  expect(settings.ARCHIVE_TOPICS.default.split(',')).toEqual(access['archiver']?.reads)
})

it('gives an app what it declares, its own groups and its own transactions, and nothing else', () => {
  expect(rightsOf('scorer', 'run.')).toEqual([
    { resource: 'topic', name: 'run.listings.features', prefixed: false, operations: ['Read'] },
    { resource: 'topic', name: 'run.models', prefixed: false, operations: ['Read'] },
    { resource: 'topic', name: 'run.listings.scored', prefixed: false, operations: ['Read', 'Write'] },
    { resource: 'topic', name: 'run.dead-letters', prefixed: false, operations: ['Write'] },
    { resource: 'group', name: 'run.scorer', prefixed: true, operations: ['Read', 'Delete'] },
    { resource: 'transactionalId', name: 'run.scorer-', prefixed: true, operations: ['Write'] },
  ])
})

it('has no app whose name begins with another one: its prefix would open the other one’s groups', () => {
  const names = Object.keys(access)
  for (const name of names) expect(names.filter((other) => other !== name && other.startsWith(name))).toEqual([])
})
