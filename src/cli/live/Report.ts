/** What was found, for the eyes of people. */
import * as Redacted from "effect/Redacted"
import type { GatewayConfig } from "../../config/GatewayConfig.ts"
import { classOf } from "../../failure/Failure.ts"
import { redactSecrets } from "../../redaction/Redaction.ts"
import * as Table from "../support/Table.ts"
import type { Finding } from "./Live.ts"
import * as Question from "./Question.ts"

/** True when a question was answered as it should be. */
export const isOk = ({ outcome }: Finding): boolean => outcome !== undefined && outcome.failure === undefined

/** One line for each finding, and one that sums up. No key of the config is in it, whatever a provider said. */
export const format = (config: GatewayConfig, findings: ReadonlyArray<Finding>): string => {
  const secrets = config.providers.flatMap(({ credentials }) =>
    credentials.flatMap(({ apiKey }) => (apiKey === undefined ? [] : [Redacted.value(apiKey).trim()]))
  )
  const rows = findings.map((finding) => {
    const { credential, model = "", outcome } = finding
    const failure = outcome?.failure
    const result = outcome === undefined ? "not asked" : failure === undefined ? "ok" : classOf(failure)
    const time = outcome === undefined ? "" : `${Math.round(outcome.duration)} ms`
    return [
      credential,
      model,
      result,
      time,
      redactSecrets(failure?.evidence ?? "", secrets),
      redactSecrets(word(finding), secrets)
    ]
  })
  const bad = findings.filter((finding) => !isOk(finding)).length
  return [
    Table.format(["CREDENTIAL", "MODEL", "RESULT", "TIME", "EVIDENCE", "MESSAGE"], rows),
    "",
    bad === 0
      ? `All ${findings.length} are ok.`
      : `${bad} of ${findings.length} ${bad === 1 ? "is" : "are"} not ok.`
  ].join("\n")
}

const word = ({ credential, model, operation, outcome }: Finding): string => {
  if (outcome === undefined) return `no credential of ${credential} was good to ask with`
  const { failure } = outcome
  if (failure === undefined) {
    if (model === undefined) return "the list of models: the key is good; nothing is known of credit"
    return operation === "chat/completions" || operation === "messages" ? "" : (operation ?? "")
  }
  return model === undefined && Question.isRefusal(failure)
    ? `there is no list of models; name a model of ${credential.split("#")[0]} in the config, and that is asked: ${failure.message}`
    : failure.message
}
