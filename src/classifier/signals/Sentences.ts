/**
 * The sentences of providers as patterns, by priority.
 *
 * Every pattern is matched against one prepared text (see `Texts.ts`): lower case, straight quotes, single spaces,
 * without links, quoted names and advice. A pattern is a phrase with one meaning; a single word or a bare number
 * never decides. All repetitions are bounded, so matching is linear in the text.
 */
import { contextSentences } from "../../words/ContextErrors.ts"
import { unsupported } from "./Unsupported.ts"
import type { Row, SignalClass } from "./Verdict.ts"

const rows = (as: SignalClass, source: string, ...patterns: ReadonlyArray<RegExp>): ReadonlyArray<Row> =>
  patterns.map((when) => ({ as, when, source }))

/** Throttling that names a unit of time, or that would otherwise match an overflow or an unpaid bill. */
const throttleGuard: ReadonlyArray<Row> = [
  ...rows(
    "RateLimit",
    "https://docs.aws.amazon.com/bedrock/latest/userguide/troubleshooting-api-error-codes.html",
    /too many tokens[^.]{0,30}\bwait\b/,
    /too many (tokens|requests|connections|concurrent)[^.]{0,20}\bper (second|minute|hour|day)\b/
  ),
  ...rows(
    "RateLimit",
    "https://platform.openai.com/docs/guides/rate-limits; https://console.groq.com/docs/rate-limits",
    /\b(tokens?|requests?|images?|characters) ?(per|\/) ?(sec|second|min|minute|hour|day)\b/,
    /\b(tokens?|requests?|reqs?|calls?)[- ]per[- ](second|sec|minute|min|hour|day)\b/,
    /\b(tpm|rpm|itpm|otpm|tpd|rpd|qpm|qps|rps)\b[^.]{0,40}\b(limit|reached|exceeded|exceed)/,
    /\b(limit|reached|exceeded|max|maximum)[^.]{0,40}\b(tpm|rpm|itpm|otpm|tpd|rpd|qpm|qps|rps)\b/,
    /\b(rate limit|free-models)-?per-(min|day|hour)\b/,
    /\bfree-models-per-(min|day|hour)\b/
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
    "https://learn.microsoft.com/azure/api-management/quota-policy",
    /out of call volume quota/,
    /rate limit is exceeded/
  ),
  ...rows(
    "RateLimit",
    "https://docs.github.com/en/github-models/use-github-models/prototyping-with-ai-models#rate-limits",
    /rate limit of [\d,]+ per [\d,]+ ?s\b/
  ),
  ...rows(
    "RateLimit",
    "https://cloud.google.com/vertex-ai/generative-ai/docs/quotas",
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

/** A plan's allowance for a period. */
const usageWindow: ReadonlyArray<Row> = [
  ...rows(
    "UsageWindow",
    "https://github.com/openai/codex; https://support.anthropic.com/en/articles/9797557; https://docs.z.ai/devpack/faq; https://www.kimi.com/code/docs/en/kimi-code/error-reference.html",
    /\b(usage|session|message|subscription|plan|5[- ]hour|five[- ]hour|weekly|opus weekly) (quota )?limits? (has been |have been |was |were )?(already )?(reached|exceeded|hit|exhausted)\b/,
    /\b(reached|hit|exceeded|exhausted)( your| the| its| their)? (\w+[- ]){0,4}(usage|session|message|weekly|5[- ]hour|five[- ]hour) (limit|quota|cap)/,
    /\busage limit (reached )?for \d/,
    /\byou(r|'ve| have)[^.]{0,40}(subscription|plan)[^.]{0,20} quota( limit)?/,
    /\b(quota|limit|capacity)[^.]{0,60}\b(will )?reset(s)? (after|at|in|on|when)\b/,
    /\bweekly(\/monthly)? (usage )?(limit|quota)/,
    /exhausted your (daily |weekly )?(quota|capacity)/
  ),
  ...rows(
    "Allowance",
    "https://help.aliyun.com/en/model-studio/error-code; https://www.volcengine.com/docs/82379/1299023",
    /\bfree (usage |daily |monthly |trial |tier )?(trial|quota|tier|allocated quota|credits?|allowance|usage|requests?)[^.]{0,60}\b(exhausted|expired|ended|used(?! (from|within|by|with|in)\b)|has run out|exceeded|depleted|over)\b/
  ),
  ...rows(
    "Allowance",
    "https://openrouter.ai/docs/api/reference/limits (limits of one key: total, daily, weekly, monthly)",
    /\bkey limit (exceeded|reached)/
  ),
  ...rows(
    "UsageWindow",
    "https://docs.bigmodel.cn/cn/api/api-code",
    /使用上限/,
    /(限额|额度|配额)将在[^。]{0,40}重置/,
    /每(周|月)[^。]{0,20}(上限|限额)/
  ),
  ...rows(
    "UsageWindow",
    "https://docs.github.com/en/copilot/concepts/rate-limits",
    /exceeded your copilot (\w+ ){0,3}usage/,
    /exceeded your (\w+ ){0,3}(premium request|message|token) (allowance|usage)/
  )
]

/** No money, no credit, or a spending cap. */
const billing: ReadonlyArray<Row> = [
  ...rows(
    "Balance",
    "https://docs.anthropic.com/en/api/errors; https://github.com/anthropics/claude-code/issues",
    /credit balance (is |was )?too low/,
    /regain access on/,
    /(extra usage|usage credits?) (is |are |was )?(required|needed)/,
    /\bout of extra usage\b/,
    /reached your specified api usage limit/,
    /third-party apps now draw from your extra usage/
  ),
  ...rows(
    "Balance",
    "https://api-docs.deepseek.com/quick_start/error_codes; https://openrouter.ai/docs/api/reference/errors-and-debugging",
    /insufficient (\w+ ){0,4}(balance|credits?|funds?|quota)\b/,
    /\b(balance|credits?|funds?|quota) (is |are |was |were )?(currently )?(not enough|insufficient|exhausted|depleted|used up|too low|empty|not sufficient|negative)/,
    /\b(not enough|not sufficient|lack of|lacks?) (\w+ ){0,2}(credits?|balance|funds?)\b/,
    /\b(ran|run|are|is|was|be|you're|account) out of (\w+ ){0,2}(credits?|funds?|balance|money)\b/,
    /\b(doesn't|does not|don't|do not|didn't) have (any |enough |sufficient |the )?(\w+ ){0,3}(credits?|balance|funds?)\b/,
    /\b(have|has|with) (no|zero|0|negative) (\w+ ){0,2}(credits?|balance|funds)\b/,
    /\bno (\w+ )?credits? (remaining|left|available|balance)/,
    /\brequires? (more|additional|at least [^.]{0,20}) ?credits/,
    /\b(requires?|need) (at least |a )?(\$|positive |minimum )[^.]{0,30}(balance|credits?)/,
    /\bcan only afford\b/,
    /\bprompt tokens limit exceeded\b/,
    /\b(purchase|buy|top up)( more| additional)? credits\b/,
    /\badd (more )?credits to (continue|your account|keep|use)\b/,
    /\bnegative (credit )?balance\b/
  ),
  ...rows(
    "Balance",
    "https://docs.x.ai; https://platform.openai.com/docs/guides/error-codes",
    /\b(used|spent|exhausted|consumed) (up )?(all|your|the|its) (\w+ ){0,4}(credits?|balance|funds|free tier|free trial|free quota|trial quota|tokens balance)\b/,
    /\b(exceeded|exceeds|exceeding|over|above|reached|hit|crossed|crossing|surpassed)[^.]{0,60}\b(spend(ing)?|billing|budget|credit)( hard)?[- ]?(limit|cap|quota|threshold)\b/,
    /\b(crossed|exceeded|over|out of) (its |the |your |their )?(\w+ )?budget\b/,
    /\bbudget (has been |is |was )?(exceeded|exhausted|reached|used up)/,
    /\bexceed(s|ed)? (your |the |its |this )?([\w'’]+ ){0,3}(budget|spend(ing)?|credit) limit\b/,
    /\bbudget of \$?[\d.,]+ (has been |is |was )?(exceeded|exhausted|reached|used up)\b/,
    /\b(spend(ing)?|billing|budget|cost|credit)( hard)? (limit|cap|threshold)s?[^.]{0,40}\b(reached|exceeded|hit|exhausted)\b/,
    /\baccount (is )?not active[^.]{0,40}billing/,
    /\bexceeded (your |the )?current quota\b/
  ),
  ...rows(
    "Balance",
    "https://docs.together.ai/docs/error-codes; https://docs.fireworks.ai/troubleshooting/status_error_codes/inference_error_code",
    /\bpayment (is )?required\b/,
    /\b(payment|card|charge) (was |has been |has |is )?(failed|declined|rejected)\b/,
    /\bout of (credits|funds)\b/,
    /\b(failed|missing|invalid|declined|unpaid|past due|overdue|outstanding) (payment|invoice|bill|balance)/,
    /\b(overdue|arrears|arrearage|in debt|unpaid invoices?|unpaid bills?)\b/,
    /\b(no|without( a)?|missing|add a( valid)?) payment method\b/,
    /\bpayment[ _]instrument\b/,
    /\bpayment method[^.]{0,30}(required|needed|missing|declined)/,
    /\bsuspended[^.]{0,80}\b(spend(ing)? limit|billing|payment|invoices?|balance)/,
    /\bmonthly (\w+ ){0,2}(limit|allowance|quota|cap|credits)[^.]{0,40}\b(reached|exceeded|exhausted|used|depleted)/,
    /\b(reached|exceeded|exhausted|used|hit)[^.]{0,40}\bmonthly (\w+ ){0,2}(limit|allowance|quota|cap|credits)/,
    /\bmonthly included credits\b/,
    /\b(limited to|limit of) [\d,]+ (\w+ ){0,2}(calls?|requests?|tokens) ?(\/|per|a) ?month/,
    /\b(calls?|requests?|tokens) per month\b/
  ),
  ...rows(
    "Balance",
    "https://help.aliyun.com/en/model-studio/error-code; https://www.volcengine.com/docs/82379/1299023",
    /\b(exhausted|exceeded|used up|depleted)[^.]{0,30}\bfree (trial|quota|tier|credits?|allowance)/,
    /\btrial[^.]{0,20}\b(expired|ended|is over)\b/,
    /\b(subscription|plan|package)[^.]{0,30}\b(has )?(expired|lapsed|been cancell?ed|ended)\b/,
    /\bno (resource package|active subscription|active plan|valid subscription)/,
    /\baccess denied[^.]{0,40}good standing/,
    /\baccount[^.]{0,20}good standing\b/
  ),
  ...rows(
    "Balance",
    "https://cloud.google.com/billing/docs/how-to/modify-project",
    /\brequires billing to be enabled\b/,
    /\bbilling (account )?(is |has been |has )?(not (been )?(enabled|active|set up)|disabled|inactive|closed)\b/,
    /\benable billing on\b/,
    /\b(prepayment|prepaid) credits? (are |is )?depleted/
  ),
  ...rows(
    "Balance",
    "https://github.com/songquanpeng/one-api; https://docs.bigmodel.cn/cn/api/api-code",
    /余额不足|欠费|余额已?(用完|用尽|耗尽)/,
    /(额度|配额|点数|积分)(已)?(不足|用尽|用完|耗尽)/,
    /无可用资源包|请(先)?充值|预扣费(额度)?失败|账户余额|套餐已到期/,
    // https://help.aliyun.com/document_detail/2593384.html (100011)
    /无可用(额度|余额)|(额度|配额)(已)?使用完|可用(余额|额度)(为|[:：]) ?0/
  ),
  ...rows(
    "Balance",
    "https://github.com/QuantumNous/new-api",
    /\b(pre-?consume|user|token)( token)? quota[^.]{0,20}(failed|not enough|is not enough|exhausted|insufficient)/
  )
]

/** Too large, measured in something other than tokens. */
const tooLarge: ReadonlyArray<Row> = [
  ...rows(
    "TooLarge",
    "https://docs.anthropic.com/en/api/errors; https://ai.google.dev/gemini-api/docs/troubleshooting",
    /\bpayload[^.]{0,30}(too large|exceeds)/,
    /\b(request|body|content|message|entity|file|image|document|pdf|audio|upload|attachment)s?( \w+){0,3} (size )?(too large|too big|exceeds?|exceeded|larger than|limit)[^.]{0,80}\b(bytes?|[kmg]i?b|megabytes?|pixels?)\b/,
    /\b(exceeds?|exceeded|exceeding|over|limit of|maximum( allowed)?( size)?( of)?|larger than|up to)[^.]{0,60}\d ?(bytes?|[kmg]i?b|megabytes?)\b/,
    /\b(number of|maximum|max|limit)[^.]{0,30}\bbytes\b/,
    /\bimage(s)?('s)? (dimensions?|size|width|height)[^.]{0,40}(exceed|too large|larger|too big|max)/,
    /\b(dimensions?|size|width|height|resolution) of (the|an|your)( \w+)? (image|file|document|audio|video)s?[^.]{0,20}\b(exceeds?|is too large|is larger|too big)\b/,
    /\b(exceed|exceeds|larger than|max allowed size)[^.]{0,60}\bpixels\b/,
    /\bimages?( \w+){0,3} (must|should|may|can|cannot)[^.]{0,40}\bpixels\b/,
    /\b(request|body|content) entity (is )?too large/,
    /\brequest exceeds the maximum (allowed )?size\b/,
    /\bmaximum of [\d,]+ (pdf )?pages\b/,
    /\bmaximum request body size\b/,
    // https://www.kimi.com/code/docs/en/kimi-code/error-reference.html
    /\btotal message size [\d,]+ exceeds limit\b/,
    /\bsize exceeds (the )?upload limit\b/
  ),
  ...rows(
    "TooLarge",
    "https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModel.html (Body: 25,000,000 bytes)",
    /value at `?body`? failed to satisfy constraint: member must have length less than/
  )
]

/** The prompt does not fit the window. */
const context: ReadonlyArray<Row> = contextSentences.map((row) => ({ as: "ContextExceeded", ...row }))

/** More output requested than the model may write. */
const outputCeiling: ReadonlyArray<Row> = [
  ...rows(
    "MaxTokens",
    "https://docs.anthropic.com/en/api/errors; https://platform.openai.com/docs/guides/error-codes; https://www.scaleway.com/en/docs/generative-apis/troubleshooting/fixing-common-issues (416)",
    /\bmaximum (allowed )?(number of )?(output|completion|generated|new) tokens\b/,
    /\bat most [\d,]+ (completion|output|new) tokens\b/,
    /\bmax_(output_|completion_|new_)?tokens`? (is |are |value )?(too (large|high|big)|exceeds?|must be (less|<=|<|between|in|at most)|should be|cannot (be|exceed)|can't|may not|must not exceed|>|greater|larger|above)/,
    /\bmax_(output_|completion_|new_)?tokens`? > [\d,]+/,
    /\b(invalid|range of|value of|valid range of|limit of|supported)( \w+)? `?max_(output_|completion_|new_)?tokens\b/,
    /\bmax_?output_?tokens( value)?( of [\d,]+)?[^.]{0,60}\b(range|exceeds?|maximum|up to|limit|supported|too)/,
    /\bmax_(output_|completion_|new_)?tokens`?[^.]{0,60}\b(exceeds?|exceeded|exceed|maximum|too large|upper limit)\b/,
    /\b(exceeds?|exceed|over|above)[^.]{0,40}\b(output|completion|generation) (token )?(limit|tokens?)/,
    /\bmax_?(output_?|completion_?|new_?)?tokens`?( \[?[\d,]+\]?)? (must|should|has to) be (strictly )?(greater|larger|more|higher) than\b([^.]{0,20}\b(thinking|reasoning|budget)| …)/,
    /\b(thinking|reasoning)[._ ]?budget\w*`?[^.]{0,30}\b(must|should) be (less|smaller|lower) than[^.]{0,20}max_?\w*tokens\b/,
    /\bmaximum tokens you requested exceeds\b/,
    /\bmax_(output_|completion_|new_)?tokens`? is limited for\b/,
    /\bmaximum (value )?(for|of) `?max_(\w+_)?tokens\b/,
    /\bmax_?(output_?|completion_?|new_?)?tokens`?( value)?[^.]{0,30}(\b(between|out of range|no (greater|more) than|at most|less than|not exceed|in the range|within)\b|超)/,
    /\b(maximum|max) (output|completion) (length|tokens?) (is|of|limit)/
  )
]

/** Too large, without a unit. */
const tooLargeUnitless: ReadonlyArray<Row> = rows(
  "TooLarge",
  "RFC 9110 section 15.5.14",
  /\b(body|payload|entity|file|image|upload|document)s? (is |are )?too (large|big)\b/
)

/** Not available in this country. */
const place: ReadonlyArray<Row> = [
  ...rows(
    "ModelMissing",
    "https://docs.aws.amazon.com/bedrock/latest/userguide/models-regions.html",
    /\bmodel\b[^.]{0,60}\bnot (available|supported|deployed|enabled)\b[^.]{0,20}\b(in|for) (your |this |the )?(\w+ )?(region|location|country)\b/
  ),
  ...rows(
    "Forbidden",
    "https://platform.openai.com/docs/supported-countries; https://www.anthropic.com/supported-countries; https://ai.google.dev/gemini-api/docs/available-regions",
    /\b(countries|country|region|territory|territories|user location|your location|area)\b[^.]{0,40}\b(not (supported|available|allowed|permitted|served)|unsupported|is blocked|restricted)/,
    /\b(not (supported|available|allowed|permitted)|unsupported|blocked)\b[^.]{0,30}\b(in|from|your|for) (your |this |the )?(unsupported )?(countries|country|territory|location|region|area)\b/
  )
]

/** This model is not available here; another one may serve the request. */
const model: ReadonlyArray<Row> = [
  ...rows(
    "ModelMissing",
    "https://platform.openai.com/docs/guides/error-codes; https://github.com/ollama/ollama",
    /\b(model|models|deployment|publisher model|inference (profile|service)|function|engine|endpoint)\b[^.]{0,120}\b(does not exist|doesn't exist|not found|was not found|not exist|could not be found|cannot be found|can't be found|isn't available|is not available|no longer available|no longer supported|not supported|is not supported|isn't supported|has been (deprecated|decommissioned|retired|removed|disabled|shut down|discontinued)|is deprecated|was (deprecated|retired|removed)|reached (its |the )?end of (its )?life|is (disabled|retired|unavailable for|not enabled|not active|not accessible|not deployed|currently not deployed|only available (to|for|on|with)|not ready for use by)|not allowed|access denied|has not been activated|not activated)/,
    /\b(does not exist|doesn't exist|not found|(cannot|can't|could not|couldn't|unable to|failed to) (find|resolve|locate)( an existing| any| an| a)?|no such|unknown|unsupported|invalid|unrecognized|nonexistent) (the )?(\w+ )?(model|deployment|engine|publisher model|endpoint or model)\b/,
    /\b(not a valid|is not an? valid|is an invalid|invalid) (model|model id|model name|model identifier)\b/,
    /\bmodel( id| name| identifier| code| version)?( provided| specified| you provided| …| [\w./:@-]{1,80})? (is|was) (not (a )?valid|invalid|unknown|unrecogni[sz]ed|not recogni[sz]ed)\b/,
    /\btry pulling it first\b/,
    // https://api.ncloud-docs.com/docs/en/clovastudio-troubleshoot-c4xx (40082)
    /\bmodel fade out\b/,
    /\bno (matching )?models? (is )?(loaded|found|named|with|match(es|ing)?\b)/,
    /\bmodel is not loaded\b|\bno models loaded\b/
  ),
  ...rows(
    "ModelMissing",
    "https://docs.aws.amazon.com/bedrock/latest/userguide/model-access.html",
    /\b(don't|do not|doesn't|does not|not|no|unable to|cannot|can't|denied|lacks?|insufficient|must be|make sure)\b[^.]{0,60}\b(access|permission|entitled|entitlement|authori[sz]ed|allowed|eligible|subscribed)\b[^.]{0,40}\bmodels?\b(?! (service|provider))/,
    /\baccess to (the |this |that )?(\w+ )?models?\b[^.]{0,40}\b(denied|not allowed|restricted|disabled|required)\b/,
    /\bmodel access (is |was )?denied\b/,
    /\bon-demand throughput (is not|isn't) supported\b/,
    /\bdoes(n't| not) support (the )?(on-demand|converse|requested operation|operation)/,
    /\bis not (enabled|supported|available) for models?\//,
    /\bnot servable in\b/,
    /\bmodel requires (a |an )?(\w+ )?(subscription|plan|upgrade)\b/,
    /\bmodel\b[^.]{0,80}\btoo large to be loaded\b/,
    /\b(version|deployment) (does not|doesn't) exist\b/,
    /\b(aws-marketplace|marketplace subscription)\b/,
    /\boperation does not work with the specified model\b/,
    /\bis not supported (for|with|by|in) (this|the|your) (model|region|api version|account|operation)\b/,
    /\bmodel is (unsupported|not enabled|not available) for\b/,
    /\bonly (supported|available) (by|on|in|with|for) (certain|some|specific|select|newer|\w+) models\b/,
    /\bmodel (is )?marked (by provider )?as legacy\b/
  ),
  ...rows(
    // Terms or a check of the person are missing, for this model only.
    "ModelMissing",
    "https://novita.ai/docs/guides/error; https://featherless.ai/docs/api-reference-error-codes; https://developers.cloudflare.com/workers-ai/platform/errors/ (5016)",
    /\bmodel requires (an? )?(identity |account )?verification\b/,
    /\bmodel is gated\b|\bgated (repo|model)\b/,
    /\baccess to model \S{1,100} is restricted\b/,
    /\bmodel is not entitled to\b/,
    /\b(not|must|need to|have to) (yet )?(agreed?|accept(ed)?)( to)?( \S+){0,3} (model('s)? (terms|licen[cs]e)|(terms|licen[cs]e) (of|for) (this|the) model)\b/
  ),
  ...rows(
    "ModelMissing",
    "https://github.com/anomalyco/opencode/issues/23773 (Cloudflare: an account or a path that is none)",
    /\bcould not route to \//,
    /\bno route for that uri\b/
  ),
  ...rows(
    "ModelMissing",
    "https://openrouter.ai/docs/api/reference/errors-and-debugging",
    /\bno endpoints? (found|available)\b/,
    /\bno (allowed |available |eligible )?providers? (are |is )?(available|found|support|can serve)/,
    /\bno longer available (to|for|as)\b/,
    /\bfree period (has )?ended\b/
  ),
  ...rows(
    "ModelMissing",
    "https://github.com/songquanpeng/one-api; https://github.com/QuantumNous/new-api",
    /无可用渠道|无权(访问|使用)(该)?模型|模型不存在|模型.{0,40}(不存在|未开通|已下线|不可用|不支持|未找到)|(暂不|不)支持(该|此)?模型|没有可用的?渠道/,
    // https://docs.bigmodel.cn/cn/api/api-code (1311)
    /模型.{0,60}价格(尚未|未)|模型.{0,20}(已下架|名称错误)|未找到(对应|该|此|指定)?的?模型|没有(该|此)模型的?(访问|使用)?权限|暂未开放[^。]{0,60}权限/,
    // https://support.huaweicloud.com/model-call-maas/model-call-035.html
    /\brejected by api key (model|custom endpoint) allowlist\b/,
    /\brequested service [\w-]{1,60} is unavailable\b/,
    /\bno available channels?\b/,
    /\bno (healthy )?(channel|upstream|provider) (available )?for (the )?model\b/,
    /\bthere are no available channels\b/
  ),
  ...rows(
    "ModelMissing",
    "https://docs.litellm.ai/docs/proxy/error_reference",
    /\b(key|team|user) not allowed to access model\b/,
    /\binvalid model name passed in\b/,
    // https://github.com/BerriAI/litellm/issues/25466: a model that is in no group, with status 400
    /\byou passed in model=.{1,200}\bno healthy deployments\b/,
    /\bmodel selection returned no results\b/,
    // https://github.com/n8n-io/n8n/issues/16338
    /\bmodel\b[^.]{0,120}\bnot available (on|at) this endpoint\b/,
    /\b(unknown|no|invalid) provider for (the )?model\b/,
    /\bllm provider not provided\b/,
    /\bno deployments? (available )?for (the )?(selected )?model\b(?![^.]{0,60}try again)/
  )
]

/** The account, the organisation or the country is refused. */
const forbidden: ReadonlyArray<Row> = [
  ...rows(
    "Forbidden",
    "https://platform.openai.com/docs/guides/error-codes; https://docs.anthropic.com/en/api/errors",
    /\b(account|organi[sz]ation|workspace|team|user|project|consumer|subscription|tenant)\b[^.]{0,80}\b(has been |is |was |been |are )(\w+ )?(suspended|deactivated|disabled|blocked|banned|terminated|restricted|locked|closed|frozen|flagged)\b/,
    /\b(suspended|deactivated|disabled|blocked|banned|terminated)\b[^.]{0,40}\b(in |for |from )?(this |your )?(account|organi[sz]ation)\b/,
    /\borgani[sz]ation must be verified\b/,
    /\b(must|need to) be verified to\b|\bverify (your )?(organi[sz]ation|identity|account)\b/,
    /\bnot allowed for (this|your) organi[sz]ation\b/,
    /\bnot (yet )?(available|enabled) (for|on|in|with) (this|your) (subscription|plan|account|organi[sz]ation)\b/,
    /\baccess (was|has been|is) (terminated|revoked|suspended|blocked)\b/,
    /\bip address[^.]{0,60}\b(not (authori[sz]ed|allowed|permitted|in)|blocked|denied|restricted)/,
    /\b(not (authori[sz]ed|allowed)|blocked|denied)[^.]{0,30}\bip\b/,
    /\bonly authorized for use with\b/,
    /\bcan only be used (from|with|within|by|in|inside)\b/,
    /\bonly available (for|to) (coding agents|[\w ]{0,20}clients?|[\w ]{0,20}apps?|members|subscribers)\b/
  ),
  ...rows(
    "Forbidden",
    "https://ai.google.dev/gemini-api/docs/troubleshooting; https://cloud.google.com/iam/docs",
    /\bhas not been used in project\b/,
    /\b(api|service) (is |has been )?(disabled|not enabled)\b/,
    /\bpermission `?[\w.…]{0,80}`? ?denied\b/,
    /\b(requests|referer|referrer)[^.]{0,120}\bare blocked\b/,
    /\bviolation of (the )?(\w+ )?terms\b|\bterms of service violation\b/,
    /\b(missing|insufficient|lacks?|requires?)( the)?( following| required| authentication| necessary)? (scopes?|permissions?)\b/,
    /\blacks the required (data )?action\b/,
    /\bpermission is (required|needed)\b/,
    /\bpublic access is disabled\b|\bvirtual network\b[^.]{0,20}\bfirewall\b/
  ),
  ...rows(
    "Forbidden",
    "https://docs.aws.amazon.com/bedrock/latest/userguide/troubleshooting-api-error-codes.html",
    /\b(not authorized|is not authorized|unauthorized) to (perform|invoke|call|access|use)\b/,
    /\baccount is not authorized\b/,
    /^operation not allowed$/,
    /\b(you|caller|key|token|user|organi[sz]ation|account|team|project|workspace|plan) (does not|doesn't|do not|don't) have (the )?(\w+ )?(access|permissions?)\b/,
    /\baccess to [^.]{0,60} is (forbidden|denied|restricted)\b/,
    /\b(account|email|phone|identity|organi[sz]ation)( address)? (is |has )?(not|not yet|not been) (been )?verified\b/,
    /\bverify your (email|phone|identity|account)\b/,
    /\bexplicit deny\b/
  ),
  ...rows(
    "Forbidden",
    "https://www.kimi.com/code/docs/en/kimi-code/error-reference.html",
    /^access terminated\b/
  ),
  ...rows(
    "Forbidden",
    "https://github.com/pollinations/pollinations/issues/9707 (Azure blocks a whole resource)",
    /\byour resource has been (temporarily )?blocked\b/
  ),
  ...rows(
    "Forbidden",
    "https://github.com/songquanpeng/one-api",
    /(用户|账户|账号)[^。]{0,10}(封禁|禁用|锁定|停用)|无权(访问|使用|操作)|没有权限/,
    // https://support.huaweicloud.com/model-call-maas/model-call-035.html
    /\brejected by api key ip allowlist\b/,
    // https://github.com/SuperAI-Api/Super-API/issues/2; https://docs.bigmodel.cn/cn/api/api-code (1110)
    /分组已被禁用|(账户|账号)[^。]{0,10}(非活动|未激活|冻结|违规)|不在(ip)? ?白名单|(地区|区域)(受限|不支持)/
  ),
  ...rows(
    "Forbidden",
    "https://github.com/PaddlePaddle/ERNIE-SDK/issues/348 (Baidu's AI Studio)",
    /(暂)?无权限|权限不足/
  )
]

/** The key could not be checked, which says nothing about it. */
const unchecked: ReadonlyArray<Row> = rows(
  "ServerError",
  "https://ngrok.com/docs/ai-gateway/reference/error-codes (ERR_NGROK_27009)",
  /\b(unable to|failed to|could not|couldn't) (verify|validate|check) (the |your )?(\w+ )?(api[- ]?key|token|credentials?)\b.{0,40}\b(try again|retry)\b/
)

/** The key itself is invalid. */
const key: ReadonlyArray<Row> = [
  ...rows(
    "InvalidKey",
    "https://platform.openai.com/docs/guides/error-codes; https://ai.google.dev/gemini-api/docs/troubleshooting",
    /\b(incorrect|invalid|wrong|bad|malformed|missing|expired|revoked|unknown|no|inactive|disabled|deactivated|unauthorized|illegal) (or (missing|expired|invalid|inactive) )?(\w+[- ]){0,2}(api[- ]?key|access[- ]?key|secret[- ]?key|apikey|api[- ]?token|access token|auth(entication|orization)? (token|header|key|credentials?|information|method)?|authentication|credentials?|bearer token|token|security token|x-api-key|subscription key|oauth token|proxy server token|request signature)\b(?! (count|limit|length|type|in json|'|id|budget|…))/,
    /\b(api[- ]?key|access[- ]?key|apikey|api[- ]?token|access token|authentication token|auth token|authorization token|oauth token|bearer token|security token|credentials?|security token included in the request|session token)\b[^.]{0,80}\b(is |was |has |are |have )?(been )?(not valid|invalid|incorrect|expired|revoked|missing|malformed|disabled|deleted|deactivated|not found|not provided|not recogni[sz]ed|not exist|doesn't exist|does not exist|inactive|wrong|required|not active|not set|unauthorized|(currently )?blocked|reported as leaked|leaked|compromised|could not be (verified|found|validated))\b/,
    /\b(didn't|did not|must|please|not|need to|should) (provide|supply|pass|include|specify|send)(d|ed)? (an?|your|the|a valid) (\w+ ){0,2}(api[- ]?key|apikey|access token|authorization|credentials?|authentication|token)\b/,
    /\b(unable to|failed to|could not|couldn't|cannot|can't) (authenticate|(verify|validate) (the |your )?(\w+ )?(api[- ]?key|token|credentials?))\b/,
    /\b(not|isn't) authenticated\b/,
    /\b(authorization|authentication) header (is |was )?(missing|required|invalid|malformed|not)\b/,
    /\bsignature (has |is )?expired\b/,
    /\bauthentication (failed|fails|failure|required|error|parameter not received|unsuccessful)\b/,
    /\bauthenticate (request )?with (an? )?(valid )?api[- ]?key\b/,
    /\bmissing authentication\b/,
    /\bunregistered callers\b/,
    /\binvalid authentication\b/,
    /\b(no auth|no cookie auth|no authentication) credentials found\b/,
    /\bno api[- ]?key\b/,
    /\btoken (has |is |was )?(been )?(expired|revoked|invalid|invalidated|incorrect|already used)\b/,
    // https://github.com/openai/codex: the login of a plan
    /\brefresh token has already been used\b/,
    /\bnot logged in\b/,
    // https://github.com/BerriAI/litellm/pull/3130: a gateway without credentials of its cloud, with status 500
    /\breauthentication is (needed|required)\b|\bplease re-?authenticate\b|\binvalid_grant\b/,
    /\b(unable to locate|could not load|couldn't load) (the )?(default )?credentials\b/,
    /\bsession associated with this profile has expired\b/,
    // https://learn.microsoft.com/entra/identity-platform/reference-error-codes
    /\baadsts(50173|700016|700082|7000215|7000222)\b/,
    /\btoken is (missing|required)\b/,
    // https://github.com/Alishahryar1/free-claude-code/issues/91: a gateway without its own key
    /\b\w*_api_key( environment variable)? (is )?(not set|missing|not configured)\b/,
    /\buser not found\b/,
    /\binvalid (auth|username|user name|password|user key|organization key)\b/,
    /\bunable to find token in\b/,
    /\bjwt (expired|malformed|invalid)\b/,
    /\brequest signature we calculated does not match\b/
  ),
  ...rows(
    "InvalidKey",
    "https://github.com/songquanpeng/one-api; https://docs.bigmodel.cn/cn/api/api-code",
    /无效的?(令牌|密钥|token|api ?key|apikey)|令牌(已)?(过期|失效|不存在|状态不可用|验证失败|被禁用)|身份验证失败|鉴权失败|(api ?key|apikey|密钥|token|令牌)(无效|错误|不正确|已过期|非法|不存在|不合法)|未提供(令牌|密钥|api ?key)/i,
    // https://support.huaweicloud.com/model-call-maas/model-call-035.html
    /\bfailed to (get|check|read|parse) the authorization (request )?header\b/,
    // https://help.aliyun.com/document_detail/2593384.html (100001, 100016); https://docs.bigmodel.cn/cn/api/api-code (1001, 1002)
    /(令牌|密钥|token|api ?key|签名|登录|身份)(认证|鉴权|验证|校验)(失败|不通过)|(用户)?未登录|登录(已)?(过期|失效)/i,
    /(authentication|access|api) token (非法|无效|已?过期)|未(收到|携带|提供) ?(authentication|authorization|认证|鉴权)|(api ?key|密钥|令牌)已?(停用|注销|吊销)/i
  )
]

/** Refused for its content. */
const policy: ReadonlyArray<Row> = [
  ...rows(
    "ContentPolicy",
    "https://learn.microsoft.com/azure/ai-services/openai/concepts/content-filter; https://platform.openai.com/docs/guides/safety-best-practices",
    /\bcontent (management |usage |moderation |safety )?(policy|policies|filter|filters|filtering)\b/,
    /\b(rejected|blocked|flagged|refused|filtered|stopped|denied)\b[^.]{0,60}\b(safety|moderation|policy|policies|guardrails?|inappropriate|harmful|sensitive|violat\w{0,6})\b/,
    /\b(safety|moderation|policy|policies|guardrails?|inappropriate|harmful)\b[^.]{0,60}\b(rejected|blocked|flagged|refused|filtered|violation|intervened)\b/,
    /\bviolat(e|es|ed|ing|ion|ions)( of)?\b[^.]{0,60}\b(usage|content|safety|acceptable use|use)? ?(polic(y|ies)|guidelines)\b/,
    /\binput was flagged\b|\bflagged as potentially\b|\bprompt was flagged\b|\bwas flagged (for|by)\b/,
    /\brequires moderation\b/,
    /\b(considered|flagged as|deemed) (to be )?(a )?high[- ]risk\b/,
    /\b(inappropriate|sensitive|unsafe|prohibited|harmful|illegal) (content|information|words?|text|material|prompt|input|output|data)\b/,
    /\bmay contain (text|content) that is not allowed\b/,
    /\bcontent (exists |inspection |)risk\b|\bnew_sensitive\b|\b(input|output) (data )?(may contain|contains)( \w+){0,2} (inappropriate|sensitive|unsafe)/,
    /\bcontentpolicyviolationerror\b/,
    /\bpolicy violation\b/,
    /\bcontent moderation\b/,
    /\b(nsfw|csam)\b[^.]{0,30}\b(content|detected|image|material)/,
    /\bsafety (system|filters?|settings?|reasons?|checks?)\b/,
    /\bprompt (was |is )?blocked\b/,
    /\busage guidelines\b/,
    /\bacceptable use policy\b/
  ),
  ...rows(
    "ContentPolicy",
    "https://openrouter.ai/docs/api/reference/errors-and-debugging (guardrail errors); https://github.com/UCloudDoc-Team/modelverse (api_doc/common/error-code.md)",
    /^request blocked: /,
    /\bprompt[- ]injection\b[^.]{0,40}\b(detected|blocked|found)\b/,
    /\bsensitive (chat )?messages?\b/,
    // https://support.huaweicloud.com/intl/en-us/usermanual-maas-modelarts/maas-modelarts-0080.html, spelled so
    /\bmay contain sensi?tive\b/
  ),
  ...rows(
    "ContentPolicy",
    "https://docs.bigmodel.cn/cn/api/api-code; https://help.aliyun.com/en/model-studio/error-code",
    /(敏感|违规|不安全|不当|违禁)(内容|信息|词|的内容)|内容(安全|审核|违规)|敏感词/,
    // https://help.aliyun.com/document_detail/2593384.html (100008 to 100010); https://docs.bigmodel.cn/cn/api/api-code (1300)
    /(内容|输入|输出|提示词|图片|文本)(没有|未|不)能?(通过|合规)|被(安全)?策略(阻止|拦截)|触发了?(内容|安全)?(风控|安全策略)/
  )
]

/** The service is full, starting up or down for all callers. */
const overload: ReadonlyArray<Row> = [
  ...rows(
    "Overloaded",
    "https://docs.anthropic.com/en/api/errors; https://github.com/MoonshotAI/kimi-cli/issues/2209",
    /\b(is |are |been |currently |temporarily |server |engine |service |system |model |provider )(currently |temporarily )?overload(ed)?\b/,
    /\boverloaded(_error)?\b/,
    /\bserver overload\b/,
    /\b(server|service|system|engine|model|backend|upstream)s? (is |are )?(currently |too |very |temporarily )?busy\b/
  ),
  ...rows(
    "Overloaded",
    "https://ai.google.dev/gemini-api/docs/troubleshooting; https://github.com/google-gemini/gemini-cli",
    /\b(no|not enough|insufficient|lack of|limited|out of|over|at|exceeded|due to|full) (\w+ ){0,2}capacity\b/,
    /\bcapacity (is |are |has been )?(temporarily |currently )?(exceeded|exhausted|constraints?|unavailable|limit|reached|issues?)\b/,
    /\b(experiencing|under|due to) (\w+ ){0,2}(high|heavy|increased|unusual|elevated) (\w+ )?(demand|load|traffic|volume)\b/,
    /\bhigh (demand|load|traffic) (right now|at the moment|currently)\b/,
    /\bspikes in demand\b/
  ),
  ...rows(
    "Overloaded",
    "https://huggingface.co/docs/inference-endpoints; https://docs.aws.amazon.com/bedrock/latest/userguide/troubleshooting-api-error-codes.html",
    /\b(model|server|it|endpoint|runner)\b[^.]{0,60}\b(is |are |being )?(currently |still )?(loading|starting( up)?|warming up|initiali[sz]ing|being loaded|cold)\b/,
    /\b(model|deployment)( [\w./:@-]{1,80})? (is )?(still )?not ready\b/,
    // https://featherless.ai/docs/api-reference-error-codes: with status 400
    /\bnot ready for inference\b/,
    // https://github.com/GoogleCloudPlatform/generative-ai/issues/1308: Vertex, with status 400
    /\b(is|are) (still |currently )?being (provisioned|created|deployed|set up)\b/,
    /\bmodel (is |was |has been |got )?(currently )?unloaded\b/,
    /\b(model|runner|engine|worker|process) (has )?(crashed|terminated unexpectedly|been unloaded|died)\b/,
    /\b(service|server|model|api|provider|upstream|resource|engine|endpoint|backend)s?( \w+){0,3} (is |are |has become )?(temporarily |currently |momentarily )?(unavailable|not available at the moment|down for maintenance|out of service|unable to handle)\b/,
    /\btemporarily (unavailable|unable|out of)\b/,
    /\btemporary (\w+ )?(error|failure|outage)\b/,
    /\bunable to process your request\b/
  ),
  ...rows(
    "Overloaded",
    "https://build.nvidia.com (DEGRADED functions); https://docs.vllm.ai",
    /\bdegraded\b[^.]{0,40}\b(cannot|can't|not) be invoked\b/,
    /\bno healthy (upstream|deployment|instance|replica|backend|endpoint)s?\b/,
    /\b(queue|waiting queue|request queue) (is )?(full|exceeded)\b|\bqueue_exceeded\b/,
    /\bmaximum pending requests exceeded\b/,
    /\btoo many (pending|queued|waiting) requests\b/,
    /\bmodel service overloaded\b/,
    /\bno (available|idle|free|healthy) (workers?|instances?|servers?|backends?|gpus?|replicas?|slots?|resources?)\b/,
    /\b(all|every) (\w+ )?(instances?|workers?|servers?|replicas?|slots?|backends?) (is |are )(currently )?(busy|occupied|unavailable|in use)\b/
  ),
  ...rows(
    "Overloaded",
    "https://docs.bigmodel.cn/cn/api/api-code",
    /访问量过大|(系统|服务|服务器|模型)(当前)?(繁忙|过载|负载过高)|服务(暂时|暂)?不可用/,
    // https://help.aliyun.com/document_detail/2593384.html (100020); https://github.com/Wei-Shaw/sub2api/issues/593
    /暂时无法(提供)?服务|(系统|服务)(正在)?维护|排队人数(过|较)多|负载(较|过)高|(算力|资源)(不足|紧张)|没有可用(的)?(账户|账号)/
  )
]

/** Throttled, without a unit. */
const rate: ReadonlyArray<Row> = [
  ...rows(
    "RateLimit",
    "https://platform.openai.com/docs/guides/rate-limits; https://docs.anthropic.com/en/api/rate-limits",
    /\brate[- ]?limit(s|ed|ing|er)?\b[^.]{0,60}\b(exceed|exceeded|exceeds|reached|hit|error|applied|triggered|violation|upstream)/,
    /\b(exceed|exceeded|exceeds|exceeding|reached|hit|over|due to|by|triggered)\b[^.]{0,80}\brate[- ]?limit(s|ed|ing|er)?\b/,
    /\brate[- ]limited\b/,
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
    /\b(exceeded|reached)[^.]{0,30}\b(request|call|token|usage|daily|hourly|minute|concurrency) (limit|quota)s?\b/,
    /\b(request|call|token|daily|hourly|usage|message) (limit|quota)s?( has been| is| was)? (exceeded|reached|hit)\b/,
    /\bmax(imum)? (parallel|concurrent|simultaneous) requests?\b/
  ),
  ...rows(
    "RateLimit",
    "https://github.com/QuantumNous/new-api; https://docs.bigmodel.cn/cn/api/api-code",
    /(请求|调用|访问)(过于|太|过)(频繁|快|多)|(并发|频率|速率|流量)(数|限制)?(过高|过快|过大|超限|超出|限制|已达)|限流|限频|流量限制|速率限制|负载已?饱和|请求数限制|达到?(了)?(每分钟|今日|请求|调用)[^。]{0,20}(限制|上限|限额)/,
    // https://help.aliyun.com/document_detail/2593384.html (200002); https://cloud.baidu.com/doc/WENXINWORKSHOP/s/hlzic283e
    /用量受限|限速|(qps|rpm|tpm|并发) ?(数)?超(出)?(限|额)|操作(过于)?频繁/i
  )
]

/** A fault of the server; read only if no status decides. */
const server: ReadonlyArray<Row> = [
  ...rows(
    "ServerError",
    "https://platform.openai.com/docs/guides/error-codes; https://docs.anthropic.com/en/api/errors",
    /\b(internal|unexpected|unknown) (server |service |system |processing )?(error|failure|exception)\b/,
    /\berror (occurred )?while processing\b/,
    /\bserver had an error\b/,
    /\b(bad gateway|gateway time-?out|upstream (error|connect error|request timeout))\b/,
    /\b(timed out|time-?out|deadline (exceeded|expired)|took too long)\b/,
    /\b(connection|stream|provider|upstream|socket)\b[^.]{0,40}\b(closed|reset|disconnected|interrupted|terminated|aborted|lost|failed)\b/
  ),
  ...rows(
    "Invalid",
    "https://platform.minimax.io/docs/api-reference/errorcode; https://docs.aws.amazon.com/bedrock/latest/userguide/troubleshooting-api-error-codes.html",
    /\binvalid (params?|parameters?|arguments?|request body|request format|json)\b/,
    /\bmalformed input request\b/
  ),
  ...rows(
    "ServerError",
    "https://help.aliyun.com/document_detail/2593384.html (100000, 100013, 200001)",
    /超时|(内部|系统|服务|服务器|网络)(错误|异常|出错)|模型调用失败/
  ),
  ...rows(
    "Invalid",
    "https://help.aliyun.com/document_detail/2593384.html (100004, 100005)",
    /参数(缺失|非法|错误|有误|无效)/
  )
]

/** The rows that always count, by priority. */
export const sentences: ReadonlyArray<Row> = [
  ...throttleGuard,
  ...usageWindow,
  ...billing,
  ...tooLarge,
  ...context,
  ...outputCeiling,
  ...place,
  ...unsupported,
  ...tooLargeUnitless,
  ...model,
  ...unchecked,
  ...key,
  ...forbidden,
  ...policy,
  ...overload,
  ...rate
]

/** The rows that count without a deciding status. */
export const serverSentences: ReadonlyArray<Row> = server
