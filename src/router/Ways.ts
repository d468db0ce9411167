/** The two ways through a router: the upstreams a request may use, their order and the policy. */

import type { Backend } from "../domain/Backend.ts"
import * as Chain from "../domain/Chain.ts"
import * as ModelSpec from "../domain/ModelSpec.ts"
import type { Target } from "../domain/Target.ts"
import * as Failure from "../failure/Failure.ts"
import { combine, type Options as PolicyOptions, type RuleOptions } from "../policy/PolicyOptions.ts"
import type { Upstream } from "./Route.ts"

/**
 * The policy of a router's requests: one attempt at each upstream and no benching, because the route keeps that
 * state. A manual bench still applies.
 */
export const policy: PolicyOptions = {
  retries: { times: 0 },
  rules: Object.fromEntries(
    Failure.failureClasses.map((name): [Failure.FailureClass, RuleOptions] => [
      name,
      name === "RateLimit" ? { retry: "never", rest: null } : { rest: null }
    ])
  )
}

/** Merges options with the router's own policy, row by row. */
const over = (options: PolicyOptions): PolicyOptions => ({
  ...options,
  retries: options.retries ?? policy.retries,
  rules: Object.fromEntries(
    Failure.failureClasses.map((name): [Failure.FailureClass, RuleOptions] => {
      const [own, row] = [policy.rules?.[name], options.rules?.[name]]
      const rest = row?.rest === undefined ? own?.rest : row.rest
      return [name, { retry: row?.retry ?? own?.retry, rest, next: row?.next }]
    })
  )
})

/** The chains of both ways, made once, and the upstream of each target. */
export const waysOf = <P extends Backend, R, P2 extends Backend, R2>(options: {
  readonly primary: Chain.Link<P, R>
  readonly backup?: Chain.Link<P2, R2> | undefined
  readonly rescue?: boolean | undefined
  readonly policy?: PolicyOptions | undefined
}) => {
  const { backup, primary, rescue = true } = options
  const chainOf = (...links: ReadonlyArray<Chain.Link<P | P2, R | R2> | undefined>) =>
    Chain.fromLinks(links.filter((link) => link !== undefined))
  // Without a rescue the two are never in one chain, but benches, limits and the route use the same names.
  Chain.fromLinks<P | P2, R | R2>(backup === undefined ? [primary] : [primary, backup])
  const primarySpecs = Chain.specs(chainOf(primary))
  const known = new Set(primarySpecs)
  const backupSpecs = Chain.specs(chainOf(backup)).filter((spec) => !known.has(spec))
  const rescuers = new Set(backupSpecs)
  const wayOf = (
    first: Chain.Link<P | P2, R | R2>,
    second: Chain.Link<P | P2, R | R2> | undefined
  ): Chain.Chain<P | P2, R | R2> => like(first, chainOf(first, rescue ? second : undefined), options.policy)
  return {
    primary: wayOf(primary, backup),
    backup: backup === undefined || backupSpecs.length === 0 ? undefined : wayOf(backup, primary),
    primarySpecs,
    backupSpecs,
    upstreamOf: (target: Target): Upstream | undefined => {
      const spec = ModelSpec.format(target)
      return known.has(spec) ? "primary" : rescuers.has(spec) ? "backup" : undefined
    }
  }
}

/** The chain of a way with what its first upstream has if that is a chain: its policy, and its special chains. */
const like = <P extends Backend, R>(
  first: Chain.Link<P, R>,
  way: Chain.Chain<P, R>,
  options: PolicyOptions = {}
): Chain.Chain<P, R> => {
  const given: Partial<Chain.Chain<P, R>> = "models" in first ? first : {}
  const { onContentPolicy, onContextExceeded, policy = {} } = given
  const chain = Chain.withPolicy(way, over(combine(policy, options)))
  const long = onContextExceeded === undefined ? chain : Chain.onContextExceeded(chain, onContextExceeded)
  return onContentPolicy === undefined ? long : Chain.onContentPolicy(long, onContentPolicy)
}
