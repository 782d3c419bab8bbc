import { beforeAll, describe, expect, test } from 'vitest'
import type { NewRun, Tracker } from '#lib/tracking/tracker.ts'

const run = (name: string, endedAt: number, change: Partial<NewRun> = {}): NewRun => ({
  name,
  startedAt: endedAt - 5_000,
  endedAt,
  parameters: { 'trees.rounds': '600', source: 'recorded' },
  metrics: { medianApe: 0.092, biasLog: -0.001 },
  artifacts: [],
  ...change,
})

/** What every tracker promises. `readArtifact` looks where the adapter has put it. */
export function trackerContract(
  name: string,
  open: () => Promise<Readonly<{ tracker: Tracker; readArtifact(id: string, path: string): Promise<Buffer> }>>,
): void {
  describe(name, () => {
    let opened: Awaited<ReturnType<typeof open>>
    beforeAll(async () => {
      opened = await open()
    })

    test('has no runs before the first', async () => {
      expect(await opened.tracker.list()).toEqual([])
    })

    test('gives back what was recorded, oldest first, each under an id of its own', async () => {
      const second = await opened.tracker.record(run('second', 1_700_000_100_000))
      const first = await opened.tracker.record(run('first', 1_700_000_000_000))
      const listed = await opened.tracker.list()
      expect(listed.map(({ id }) => id)).toEqual([first.id, second.id])
      const { artifacts: _, ...content } = run('first', 1_700_000_000_000)
      expect(listed[0]).toEqual({ id: first.id, ...content })
      expect(first).toEqual(listed[0])
    })

    test('takes as many parameters and metrics as there are', async () => {
      const many = <Value>(value: (index: number) => Value) =>
        Object.fromEntries(Array.from({ length: 250 }, (_, i) => [`n${i}`, value(i)]))
      const content = { parameters: many(String), metrics: many((index) => index / 7) }
      const { id } = await opened.tracker.record(run('many', 1_700_000_200_000, content))
      expect((await opened.tracker.list()).find((one) => one.id === id)).toMatchObject(content)
    })

    test('keeps artifacts byte for byte', async () => {
      const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
      const artifacts = [
        { path: 'report.html', bytes: Buffer.from('<p>é</p>') },
        { path: 'model/weights 1.bin', bytes },
      ]
      const { id } = await opened.tracker.record(run('with files', 1_700_000_300_000, { artifacts }))
      for (const artifact of artifacts) expect((await opened.readArtifact(id, artifact.path)).equals(artifact.bytes)).toBe(true)
    })
  })
}
