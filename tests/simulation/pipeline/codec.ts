import type { Codec } from '#lib/codec/codec.ts'
import { untilAvailable } from '#lib/errors/until-available.ts'
import type { RecordName } from '#schemas/types.ts'
import type { Actor, Scheduler } from '../kernel/scheduler.ts'

/**
 * The codec as a process has it: it asks the registry before it writes a schema, and when it first meets one. `shared` holds the compiled
 * schemas of all processes, which take longer to make than a whole history takes to play.
 */
export function createSimulatedCodec(scheduler: Scheduler, shared: Codec, actor: Actor): Codec {
  const known = new Set<RecordName>()
  const clock = scheduler.clockOf(actor)
  const asked = (label: string) => scheduler.call<void>(actor, label, undefined, ({ give }) => give())

  return {
    ...shared,
    async prepare(writes) {
      for (const name of writes) {
        if (known.has(name)) continue
        await untilAvailable(() => asked(`registers ${name}`), { clock })
        known.add(name)
      }
    },
    decode(name, bytes) {
      if (known.has(name)) return shared.decode(name, bytes)
      return asked(`asks for the schema of ${name}`).then(() => {
        known.add(name)
        return shared.decode(name, bytes)
      })
    },
    writerSchema: async (id) => {
      await asked(`asks for schema ${id}`)
      return shared.writerSchema(id)
    },
  }
}
