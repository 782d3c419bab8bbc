import { FencedError } from '#lib/errors/errors.ts'

/** By which assignment a partition is ours, and that it was taken over under it. */
export interface Tenure {
  /**
   * One take-over per epoch at a time, whether the assignment or a batch asked for it. One for an assignment that is over would take the
   * producer away from the work under the present one: FencedError.
   */
  open(epoch: number): Promise<void>
  /** Whoever comes next must take over again, under the same assignment too. */
  end(): void
  isOpen(): boolean
}

export function createTenure(takeOver: () => Promise<void>): Tenure {
  let openedEpoch: number | null = null
  let newestEpoch = Number.NEGATIVE_INFINITY
  let opening: { epoch: number; done: Promise<void> } | null = null

  function begin(epoch: number): Promise<void> {
    const previous = opening?.done.catch(() => {}) ?? Promise.resolve()
    const done = previous
      .then(takeOver)
      .then(() => {
        openedEpoch = epoch
      })
      .finally(() => {
        if (opening?.done === done) opening = null
      })
    opening = { epoch, done }
    return done
  }

  return {
    open(epoch) {
      if (epoch < newestEpoch)
        return Promise.reject(new FencedError(`the assignment of epoch ${epoch} is over: ${newestEpoch} came after it`))
      newestEpoch = epoch
      if (openedEpoch === epoch) return Promise.resolve()
      return opening?.epoch === epoch ? opening.done : begin(epoch)
    },
    end() {
      openedEpoch = null
    },
    isOpen: () => openedEpoch !== null,
  }
}
