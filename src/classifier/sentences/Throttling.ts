/** Sentences about throttling, by priority. */
import { type Row, rows } from "./Row.ts"

/** Throttling that names a unit of time, or that would otherwise match an overflow or an unpaid bill. */
export const throttleGuard: ReadonlyArray<Row> = [
  ...rows(
    "RateLimit",
    "https://docs.aws.amazon.com/bedrock/latest/userguide/troubleshooting-api-error-codes.html",
    /too many tokens[^.]{0,30}\bwait\b/,
    /too many (tokens|requests|connections|concurrent)[^.]{0,20}\bper (second|minute|hour|day)\b/
  ),
  ...rows(
    "RateLimit",
    "https://platform.openai.com/docs/guides/rate-limits; https://console.groq.com/docs/rate-limits",
    /\b(tokens?|requests?|images?|characters|quota|limit|calls?|queries) ?(per|\/) ?(\d+ ?)?(secs?|seconds?|mins?|minutes?|hours?|day)\b/,
    /\b(tokens?|requests?|reqs?|calls?)[- ]per[- ](second|sec|minute|min|hour|day)\b/,
    /\b(tpm|rpm|itpm|otpm|tpd|rpd|qpm|qps|rps)\b[^.]{0,40}\b(limit|reached|exceeded|exceed)/,
    /\b(limit|reached|exceeded|max|maximum)[^.]{0,40}\b(tpm|rpm|itpm|otpm|tpd|rpd|qpm|qps|rps)\b/,
    /\b(rate limit|free-models)-?per-(min|day|hour)\b/,
    /\bfree-models-per-(min|day|hour)\b/
  ),
  ...rows(
    "RateLimit",
    "https://github.com/maximhq/bifrost (plugins/governance)",
    /\brate limit (check failed|violated)\b|\blimit exceeded \(\d+\/\d+, resets every\b/
  ),
  ...rows(
    "RateLimit",
    "https://docs.anthropic.com/en/api/rate-limits",
    /(daily|hourly|per-minute|minute|secondary) (token |request |api )?rate limit/,
    /exceed(ed|s)? (your|the) (organization|account|workspace|project)('s)? (\w+ ){0,2}rate limit/,
    /exceed the rate limit for your organization/
  ),
  ...rows(
    "RateLimit",
    "https://github.com/OpenRouterTeam/docs/blob/main/api_reference/limits.mdx",
    /\bgiven your current in-flight requests\b/
  ),
  ...rows(
    "RateLimit",
    "https://developers.cloudflare.com/workers-ai/platform/pricing/",
    /daily (free )?(allocation|allowance)/
  ),
  ...rows(
    "RateLimit",
    "https://learn.microsoft.com/azure/api-management/api-management-error-handling-policies#predefined-errors-for-policies",
    /rate limit is exceeded/
  ),
  ...rows(
    "RateLimit",
    "https://docs.github.com/en/github-models/use-github-models/prototyping-with-ai-models#rate-limits",
    /rate limit of [\d,]+ per [\d,]+ ?s\b/
  ),
  ...rows(
    "RateLimit",
    "https://github.com/cline/cline/issues/651; https://github.com/anthropics/claude-code/issues/1440 (Vertex)",
    /quota (metric|exceeded)[^.]{0,200}per[ _]?(minute|day|hour)/,
    /(requests|tokens)_per_(minute|day|hour)/
  ),
  ...rows(
    "RateLimit",
    "https://github.com/LLM-Red-Team/kimi-cc/issues/16; https://help.aliyun.com/en/model-studio/error-code",
    /max(imum)? (organization|account|user)? ?concurren/,
    /concurren(cy|t)( request)?s? (limit|quota)/,
    /(limit|quota)[^.]{0,30}\bconcurren(cy|t)/,
    /allocated quota exceeded/
  ),
  ...rows(
    "RateLimit",
    "https://docs.litellm.ai/docs/routing",
    /no deployments available[^.]{0,80}try again in/
  )
]

/** Of tokens without a time: the prompt is refused, not the load. */
const isAboutLoad = (status: number): boolean => ![200, 400, 413, 422].includes(status)

/** Throttled, without a unit. */
export const rate: ReadonlyArray<Row> = [
  ...rows(
    "ContextExceeded",
    "https://developers.glean.com/errors/token-limit-exceeded",
    /\b(exceed(s|ed|ing)?|reached|hit|over)\b[^.]{0,30}(?<!\b(daily|hourly|minute|weekly) )\btoken limits?\b(?! for (today|the day))/,
    /(?<!\b(daily|hourly|minute|weekly) )\btoken limits?( has been| is| was)? (exceeded|reached|hit)\b/,
    /^tokens? (limit|exceeded)$/
  ).map((row) => ({ ...row, unless: isAboutLoad })),
  ...rows(
    "RateLimit",
    "https://platform.openai.com/docs/guides/rate-limits; https://docs.anthropic.com/en/api/rate-limits",
    /\brate[- ]?limit(s|ed|ing|er)?\b[^.]{0,60}\b(exceed|exceeded|exceeds|reached|hit|error|applied|triggered|violation|upstream)/,
    /\b(exceed|exceeded|exceeds|exceeding|reached|hit|over|due to|by|triggered)\b[^.]{0,80}\brate[- ]?limit(s|ed|ing|er)?\b/,
    /\brate[- ]limited\b/,
    /\b(is|are|was|were) (being |currently )?throttled\b/,
    /\btoo many (requests|concurrent|api calls|calls|connections|messages|attempts)\b/,
    /\brate exceeded\b/,
    /\brequest rate (is )?(too high|increased|limit)/,
    /\brequest (was |is |has been )?(throttled|denied due to( request)? throttling|rejected due to rate)\b/,
    /\bthrottl(ed|ing)\b[^.]{0,30}\b(error|exception|request|by|limit|exceeded|applied)/,
    /\b(slow down|sending requests too (quickly|fast|frequently))\b/,
    /\brequests? (too|is too|are too) (fast|frequent|frequently|many|quickly)\b/
  ),
  ...rows(
    "RateLimit",
    "https://cloud.google.com/vertex-ai/generative-ai/docs/error-code-429; https://docs.aws.amazon.com/bedrock/latest/userguide/quotas.html",
    /\bresource (has been |is )?exhausted\b/,
    /\bquota (has been |is |was )?(exceeded|reached|limit exceeded)\b/,
    /\b(exceeded|exceeding|exceeds|reached) (the |your |its )?(\w+ ){0,4}quotas?\b/,
    /\b(exceeded|reached|hit)[^.]{0,30}\b(request|call|token|usage|daily|hourly|minute|concurrency) (limit|quota)s?\b/,
    /\b(request|call|token|daily|hourly|usage|message) (limit|quota)s?( has been| is| was)? (exceeded|reached|hit)\b/,
    /\bmax(imum)?( number of)? (parallel|concurrent|simultaneous) requests?\b/
  ),
  ...rows(
    "RateLimit",
    "https://github.com/QuantumNous/new-api; https://docs.bigmodel.cn/cn/api/api-code",
    /(请求|调用|访问)(过于|太|过)(频繁|快|多)|(并发|频率|速率|流量)(数|限制)?(（\w{1,8}）|\(\w{1,8}\))?(过高|过快|过大|超限|超出|限制|已达)|限流|限频|流量限制|速率限制|负载已?饱和|请求数限制|达到?(了)?(每分钟|今日|请求|调用)[^。]{0,20}(限制|上限|限额)|(次数|频率|请求数|调用量|并发数?)(已)?(超过|超出|达到?|超)了?(最大)?(限制|上限|限额)/,
    // https://help.aliyun.com/document_detail/2593384.html (200002); https://cloud.baidu.com/doc/WENXINWORKSHOP/s/hlzic283e
    /用量受限|限速|(qps|rpm|tpm|并发) ?(数)?超(出)?(限|额)|操作(过于)?频繁/i
  )
]
