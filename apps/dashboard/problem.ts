import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { RejectedError, RetryableError } from '#lib/errors/errors.ts'
import { MarketplaceError } from '#lib/marketplace/errors.ts'
import type { Logger } from '#lib/telemetry/logger.ts'

/** What went wrong, as RFC 9457 has it. */
export type Problem = Readonly<{ status: number; title: string; detail: string; code: string }>

export const problemSchema = z.object({
  type: z.literal('about:blank'),
  title: z.string(),
  status: z.number().int(),
  detail: z.string().describe('What was expected, what was found.'),
  code: z.string().describe('Stable name of the problem.'),
})

export const problemType = 'application/problem+json'

export class ProblemError extends Error {
  override readonly name = 'ProblemError'
  readonly problem: Problem
  constructor(problem: Problem) {
    super(problem.detail)
    this.problem = problem
  }
}

const titles: Readonly<Record<number, string>> = {
  400: 'Bad request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not found',
  405: 'Method not allowed',
  413: 'Too large',
  415: 'Unsupported media type',
  421: 'Not this server',
  422: 'Cannot be priced',
  429: 'Too many requests',
  500: 'Our mistake',
  502: 'The marketplace gave no usable answer',
  503: 'Not now',
}

export const problem = (status: number, code: string, detail: string): Problem => ({
  status,
  title: titles[status] ?? 'Problem',
  detail,
  code,
})

/** What the axie is lies with whoever asks; what we do not know yet lies with us, and passes. */
const waitingFor = new Set(['no_market', 'no_model', 'no_level', 'model_missing', 'no_exchange_rate'])

export function problemOf(error: unknown): Problem {
  if (error instanceof ProblemError) return error.problem
  if (error instanceof RejectedError) return problem(waitingFor.has(error.code) ? 503 : 422, error.code, error.message)
  if (error instanceof RetryableError) return problem(503, 'unavailable', error.message)
  if (error instanceof MarketplaceError) {
    const busy = error.code === 'rate_limited' || error.code === 'closed'
    return problem(busy ? 503 : 502, `marketplace_${error.code}`, error.message)
  }
  const { statusCode = 500, code = 'internal', message } = error as FastifyError
  if (statusCode >= 400 && statusCode < 500) return problem(statusCode, code.toLowerCase(), message)
  return problem(500, 'internal', 'something went wrong here; the log of the dashboard says what')
}

/** Answers with a problem, and logs what is our own fault. */
export const errorHandler =
  (logger: Logger) =>
  async (error: unknown, _request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const found = problemOf(error)
    if (found.code === 'internal') logger.error({ err: error }, 'a request failed')
    await sendProblem(reply, found)
  }

export const sendProblem = (reply: FastifyReply, found: Problem): FastifyReply =>
  reply
    .code(found.status)
    .type(problemType)
    .send({ type: 'about:blank', ...found })
