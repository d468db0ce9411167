/** Converts a policy of the config file to the policy's options. */
import { type FailureClass, failureClasses } from "../../failure/Failure.ts"
import { fromNumbers } from "../../policy/Backoff.ts"
import * as Commit from "../../policy/Commit.ts"
import * as Policy from "../../policy/Policy.ts"
import { isPercentile, millisOf } from "./Field.ts"
import type { Policy as PolicySchema } from "./PolicyFile.ts"

type PolicyFile = typeof PolicySchema.Type
type Time = string | number

/** Converts a policy of the file; over its preset, if it has one. */
export const policyOf = (file: PolicyFile): Policy.Options =>
  file.preset === undefined ? optionsOf(file) : Policy.combine(Policy.presets[file.preset], optionsOf(file))

const optionsOf = (file: PolicyFile): Policy.Options => ({
  maxWait: map(file.maxWait, millisOf),
  deadline: map(file.deadline, millisOf),
  attempts: file.attempts,
  targets: file.targets,
  fallbackReserve: file.fallbackReserve,
  whenAllBenched: file.whenAllBenched,
  commit: map(file.commit, commitOf),
  timeouts: map(file.timeouts, ({ answer, connect, firstContent, headers, idle, queue }) => ({
    connect: map(connect, millisOf),
    headers: map(headers, millisOf),
    firstContent: map(firstContent, millisOf),
    queue: map(queue, millisOf),
    idle: map(idle, millisOf),
    answer: map(answer, millisOf)
  })),
  malformedEvents: file.malformedEvents,
  ejection:
    file.ejection === undefined || file.ejection === false
      ? file.ejection
      : { ...file.ejection, window: map(file.ejection.window, millisOf) },
  learnedLimit:
    typeof file.learnedLimit === "object"
      ? { ...file.learnedLimit, memory: map(file.learnedLimit.memory, millisOf) }
      : file.learnedLimit,
  hedge: hedgeOf(file.hedge),
  // A budget alone does not change the retries.
  retries:
    file.retries?.times === undefined && file.retries?.backoff === undefined
      ? undefined
      : { times: file.retries.times, backoff: map(file.retries.backoff, delays) },
  threshold: file.threshold,
  cooldown: map(file.cooldown, ({ authDead, modelMissing, rateLimit, transient }) => ({
    transient: map(transient, cooldownOf),
    rateLimit: map(rateLimit, cooldownOf),
    authDead: map(authDead, cooldownOf),
    modelMissing: map(modelMissing, cooldownOf)
  })),
  rules: map(file.rules, rulesOf)
})

/** `f` of a value, if there is one. */
export const map = <A, B>(value: A | undefined, f: (value: A) => B): B | undefined =>
  value === undefined ? undefined : f(value)

const commitOf = (commit: NonNullable<PolicyFile["commit"]>): Commit.Commit =>
  commit === "firstContent"
    ? Commit.firstContent
    : commit === "complete"
      ? Commit.complete
      : Commit.chunks(commit.chunks)

const cooldownOf = ({ base, max }: { readonly base?: Time; readonly max?: Time }): Policy.Cooldown => ({
  base: map(base, millisOf),
  max: map(max, millisOf)
})

const delays = (
  backoff: readonly [Time, ...ReadonlyArray<Time>]
): readonly [number, ...ReadonlyArray<number>] => {
  const [first, ...rest] = backoff
  const millis = (delay: Time) => millisOf(delay) ?? 0
  return [millis(first), ...rest.map(millis)]
}

const rulesOf = (file: NonNullable<PolicyFile["rules"]>): NonNullable<Policy.Options["rules"]> => {
  const rules: { [C in FailureClass]?: Policy.RuleOptions } = {}
  for (const name of failureClasses) {
    const row = file[name]
    if (row === undefined) continue
    const { next, rest, retry } = row
    rules[name] = {
      next,
      rest: rest && { ...cooldownOf(rest), scope: rest.scope, threshold: rest.threshold },
      retry:
        retry === undefined || typeof retry === "string"
          ? retry
          : fromNumbers({ times: retry.times, backoff: map(retry.backoff, delays) })
    }
  }
  return rules
}

const hedgeOf = (hedge: PolicyFile["hedge"]): Policy.Options["hedge"] =>
  hedge === undefined || hedge === false
    ? hedge
    : {
        ...hedge,
        after: map(hedge.after, (after) => (isPercentile(after) ? after : millisOf(after))),
        otherwise: map(hedge.otherwise, millisOf)
      }
