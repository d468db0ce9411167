/** The report of `check --live`. */
import * as Redacted from "effect/Redacted"
import type { GatewayConfig } from "../../config/GatewayConfig.ts"
import { classOf } from "../../failure/Failure.ts"
import { redactSecrets } from "../../redaction/Redaction.ts"
import * as Table from "../support/Table.ts"
import * as CheckRequest from "./CheckRequest.ts"
import type { CheckResult } from "./Live.ts"

/** True if a call succeeded. */
export const isOk = ({ outcome }: CheckResult): boolean =>
  outcome !== undefined && outcome.failure === undefined

/** One line per result, and a summary. Keys of the config are redacted from provider messages. */
export const format = (config: GatewayConfig, results: ReadonlyArray<CheckResult>): string => {
  const secrets = config.providers.flatMap(({ credentials }) =>
    credentials.flatMap(({ apiKey }) => (apiKey === undefined ? [] : [Redacted.value(apiKey).trim()]))
  )
  const rows = results.map((checked) => {
    const { credential, model = "", outcome } = checked
    const failure = outcome?.failure
    const result = outcome === undefined ? "not called" : failure === undefined ? "ok" : classOf(failure)
    const time = outcome === undefined ? "" : `${Math.round(outcome.duration)} ms`
    return [
      credential,
      model,
      result,
      time,
      redactSecrets(failure?.evidence ?? "", secrets),
      redactSecrets(messageOf(checked), secrets)
    ]
  })
  const bad = results.filter((result) => !isOk(result)).length
  return [
    Table.format(["CREDENTIAL", "MODEL", "RESULT", "TIME", "EVIDENCE", "MESSAGE"], rows),
    "",
    bad === 0
      ? `All ${results.length} are ok.`
      : `${bad} of ${results.length} ${bad === 1 ? "is" : "are"} not ok.`
  ].join("\n")
}

const messageOf = ({ credential, model, operation, outcome }: CheckResult): string => {
  if (outcome === undefined) return `no credential of ${credential} works`
  const { failure } = outcome
  if (failure === undefined) {
    if (model === undefined) return "list of models only: the key is good, its credit is not checked"
    return operation === "chat/completions" || operation === "messages" ? "" : (operation ?? "")
  }
  return model === undefined && CheckRequest.isRefusal(failure)
    ? `there is no list of models; name a model of ${credential.split("#")[0]} in the config to check it: ${failure.message}`
    : failure.message
}
