/** The command line is wrong. Thrown before anything is touched; ends with exit code 2 and this message. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}
