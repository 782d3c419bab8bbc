import { inject } from 'vitest'
import { createRegistry } from './confluent-registry.ts'
import { describeRegistry } from './testing/registry-contract.ts'

describeRegistry('a real one', async () => createRegistry({ url: inject('registryUrl') }))
