import { createMemoryStore } from './memory-store.ts'
import { describeObjectStore } from './testing/object-store-contract.ts'

describeObjectStore('memory', async () => {
  const store = createMemoryStore()
  return { store, reopen: () => store }
})
