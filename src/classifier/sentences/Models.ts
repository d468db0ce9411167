/** Sentences about models that are not available. */
import { type Row, rows } from "./Row.ts"

/** Not available in this country. */
export const place: ReadonlyArray<Row> = [
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

/** A server that failed may start again by itself, and a throttle says nothing about the model. */
const isNotStopped = (status: number): boolean => status === 429 || status >= 500

/** This model is not available here; another one may serve the request. */
export const model: ReadonlyArray<Row> = [
  ...rows(
    // The model is stopped, and a person has to start it.
    "ModelMissing",
    "https://github.com/HeyPuter/puter/issues/3168 (Together); https://huggingface.co/docs/inference-endpoints",
    /\b(endpoint|deployment|model)\b[^.]{0,100}?\b((is |was |has been )?(currently )?not (running|started)|(is|was|has been) (currently )?(stopped|paused))\b/
  ).map((row) => ({ ...row, unless: isNotStopped })),
  ...rows(
    "ModelMissing",
    "https://platform.openai.com/docs/guides/error-codes; https://github.com/ollama/ollama",
    /\b(model|models|deployment|publisher model|inference (profile|service)|engine|endpoint)\b[^.]{0,120}\b(does not exist|doesn't exist|not found|was not found|not exist|could not be found|cannot be found|can't be found|isn't available|is not available|no longer available|no longer supported|not supported|is not supported|isn't supported|has been (deprecated|decommissioned|retired|removed|disabled|shut down|discontinued)|is deprecated|was (deprecated|retired|removed)|reached (its |the )?end of (its )?life|is (disabled|retired|unavailable for|not enabled|not active|not accessible|not deployed|currently not deployed|only available (to|for|on|with)|not ready for use by)|not allowed|access denied|has not been activated|not activated)/,
    /\b(does not exist|doesn't exist|not found|(cannot|can't|could not|couldn't|unable to|failed to) (find|resolve|locate)( an existing| any| an| a)?|no such|unknown|unsupported|invalid|unrecognized|nonexistent) (the )?(\w+ )?(model|deployment|engine(?! to )|publisher model|endpoint or model)\b/,
    /\b(not a valid|is not an? valid|is an invalid|invalid) (model|model id|model name|model identifier)\b/,
    /\bmodel( id| name| identifier| code| version)?( provided| specified| you provided| …| [\w·/:@-]{1,80})? (is|was) (not (a )?valid|invalid|unknown|unrecogni[sz]ed|not recogni[sz]ed)\b/,
    /\btry pulling it first\b/,
    // NVIDIA serves models as functions; a function among the request's tools is not a model.
    /\bfunction\b[^.]{0,120}\bnot found(?= for( the)? account\b)/,
    // https://api.ncloud-docs.com/docs/en/clovastudio-troubleshoot-c4xx (40082)
    /\bmodel fade out\b/,
    // FastChat
    /^only \S{1,80} allowed now\b/,
    // MLflow's gateway
    /\bprovider( …| \S{1,40})? is not allowed by\b/,
    // llama.cpp and servers on it, for a file of weights that they cannot run
    /\b(unsupported|unknown) (model )?architecture\b/,
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
    // https://github.com/openai/codex: a model that is kept for newer clients
    /\bmodel requires a newer (version|release|client)\b/,
    /\bmodel\b[^.]{0,80}\btoo large to be loaded\b/,
    /\b(version|deployment) (does not|doesn't) exist\b/,
    /\b(aws-marketplace|marketplace subscription)\b/,
    /\boperation does not work with the specified model\b/,
    /\bis not supported (for|with|by|in) (this|the|your) (model|region|api version|account|operation)\b/,
    /\bmodel is (unsupported|not enabled|not available) for\b/,
    /\bmodel (is |was |has been )?disabled\b/,
    /\bonly (supported|available) (by|on|in|with|for) (certain|some|specific|select|newer|\w+) models\b/,
    /\bmodel (is )?marked (by provider )?as legacy\b/,
    /\bmodel\b[^.]{0,80}\b(not|isn't) (currently )?(enabled|whitelisted|allowlisted|offered|served|hosted)\b/,
    /\bmodel\b[^.]{0,80}\bnot (in|on) (the |your |this |its )?(\w+ ){0,2}(allow(ed)?[- ]?list|white ?list|list of (allowed|supported|available) models|allowed models|catalog(ue)?)\b/,
    /\bmodel\b[^.]{0,80}\b((is |was )?(currently )?offline|(restricted|limited) to (\w+ ){0,3}(organi[sz]ations?|accounts?|users?|customers?|teams?|subscribers?|members?))\b/,
    /\bmodel\b[^.]{0,60}\brequires (an? )?(\w+ )?(access|approval|plan|subscription)\b/,
    /\b(plan|subscription|tier|package)\b[^.]{0,30}\b(does not|doesn't) (yet |currently )?(include|cover|grant)\b/,
    /\bmodel\b[^.]{0,80}\bnot (included in|part of|covered by) (your |this |the )?([\w-]+ ){0,2}(plan|subscription|tier|package)\b/
  ),
  ...rows(
    // This model requires accepted terms or a verified identity.
    "ModelMissing",
    "https://novita.ai/docs/guides/error; https://featherless.ai/docs/api-reference-error-codes; https://developers.cloudflare.com/workers-ai/platform/errors/ (5016)",
    /\bmodel requires (an? )?(identity |account )?verification\b/,
    /\baccept_eula\b|\baccept the end[- ]user licen[cs]e agreement\b/,
    /\bcomplete organi[sz]ation verification\b/,
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
    /无可用渠道|无权(访问|使用)(该)?模型|模型不存在|模型.{0,40}(不存在|未开通|已下线|不可用|不支持|未找到)|(暂不|不)支持(该|此|的)?模型|没有可用的? ?(渠道|供应商|provider)/,
    // https://docs.bigmodel.cn/cn/api/api-code (1311)
    /模型.{0,60}价格(尚未|未)|模型.{0,20}(已下架|名称错误)|未找到(对应|该|此|指定)?的?模型|模型未(加载|启动|部署)|没有(该|此)模型的?(访问|使用)?权限|暂未开放[^。]{0,60}权限/,
    // https://support.huaweicloud.com/model-call-maas/model-call-035.html
    /\brejected by api key (model|custom endpoint) allowlist\b/,
    /\brequested service [\w-]{1,60} is unavailable\b/,
    /\bno available channels?\b/,
    /\bmodel\b[^.]{0,60}\b(no (price|pricing)|pricing (is )?unknown)\b/,
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
    /\b(unknown|no|invalid) provider for (the )?model\b|^invalid provider$/,
    /\bllm provider not provided\b/,
    /\bno deployments? (available )?for (the )?(selected )?model\b(?![^.]{0,60}try again)/
  )
]
