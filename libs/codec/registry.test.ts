import { createMemoryRegistry } from './registry.ts'
import { describeRegistry } from './testing/registry-contract.ts'

const registry = createMemoryRegistry()
describeRegistry('memory', async () => registry)
