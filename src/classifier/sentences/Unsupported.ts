/**
 * Refusals of one combination: this request at this model or server. Another model may accept the same request.
 *
 * They are matched by grammar, not by a list of sentences: a feature that a request may use, near words for
 * "not available". A field that a server does not know at all ("Unknown parameter") may be a mistake of the
 * caller, and is `Invalid`. Texts are prepared as in `signals/Texts.ts`.
 */
import type { Row } from "./Row.ts"

/** Features that a request may use and that not every model and server has. */
const feature = [
  "(image|audio|video|file|pdf|document|vision|visual|multi-?modal|media)(_url|s)?( (input|content|understanding|part|block|message|url|data|attachment|upload)s?)?",
  "(built-?in |custom |parallel |server |strict |forced )?(tool|function)s?([_ -](use|calls?|calling|choice|choices|definitions?|schemas?|results?|messages?))?",
  "tool_(choice|calls?|use)|parallel_tool_calls|computer[_ -]use|((web|internet|online)[_ -])?search|enable_\\w+|dimensions?|duration|resolution|aspect[ _-]ratio|code[_ -](interpreter|execution)|mcp",
  "(assistant )?(message )?prefill(ing|ed)?|continuation|prefix",
  "(system|developer) ?(role|prompt|message|instruction|text)s?|instructions",
  "response[_ -]?(format(·type)?|schema|mime[_ -]type|modalit\\w+)s?|json[_ -]?(mode|schema|object|output)s?|structured[_ -]outputs?|guided[_ -]\\w+|grammar",
  "(extended |adaptive |interleaved )?thinking(·type|_?\\w+)?( mode)?|reasoning(·|_)?\\w*( effort| mode| level| summar\\w+)?|effort|enable_thinking|chat_template(_kwargs)?",
  "stream(ing|_options|ed)?( mode| output| responses?)?|non-?streaming|batch(ing)?",
  "(prompt |context )?cach(e|ing)(_control)?|citations?|logprobs|top_logprobs|logit_bias|log probs|echo|suffix|best_of|user_location|service_tier|betas?|context_management|output_config",
  "temperature|top_?[pk]|min_p|seed|stop(_sequences)?|(presence|frequency|repetition)[_ ]penalty|n|max_(completion_|output_)?tokens|store|metadata|verbosity|modalities|(request |this |these |following |the )?(parameter(?! specified)|argument|field|option|feature|setting|property|attribute|input|modality|content type)s?"
].join("|")

const no =
  "(does not|doesn't|do not|don't|did not|cannot|can't|can not|will not|won't|is unable to|unable to|not able to) (currently |yet |natively )?(support|accept|allow|take|set|enable|be used|be set|be disabled|be combined|both be specified)|\\bnot support"

const isNot =
  "(is|are|was|were|be)(n't| not| currently not| no longer| not yet| not currently)( currently| yet| natively)? (supported|available|allowed|enabled|permitted|accepted|compatible|implemented|valid|recogni[sz]ed|usable|unavailable)|unsupported|unavailable|not supported|not support|is deprecated for (this|the) model|not permitted|not allowed"

const rows = (source: string, ...patterns: ReadonlyArray<RegExp>): ReadonlyArray<Row> =>
  patterns.map((when) => ({ as: "Unsupported", when, source }))

/** What a model or a server cannot accept. */
export const unsupported: ReadonlyArray<Row> = [
  ...rows(
    "https://platform.openai.com/docs/guides/error-codes (unsupported_parameter); https://github.com/ollama/ollama (does not support tools); https://openrouter.ai/docs/guides/routing/provider-selection",
    new RegExp(`\\b(${no})\\b[^.]{0,40}?\\b(${feature})\\b`),
    new RegExp(
      `\\b(${feature})\\b[^.]{0,40}?(\\b|')(${no}|${isNot})\\b(?!.{0,40}\\b(api[- ]?key|token|credential))`
    ),
    new RegExp(`\\b(unsupported|unavailable)( \\w+){0,2}?:? (${feature})\\b`),
    new RegExp(
      `\\bno (endpoints?|providers?|models?|deployments?|channels?)\\b[^.]{0,40}\\bsupports?\\b[^.]{0,30}\\b(${feature})\\b`
    ),
    new RegExp(
      `\\b(${feature})\\b[^.]{0,30}\\b(is|are) only (supported|available|allowed|accepted) (by|with|for|on|in|when|if)\\b`
    ),
    new RegExp(
      `\\b(model|server|endpoint|api|it)s?\\b[^.]{0,40}\\bonly (supports?|accepts?|works?|allows?|available)( in| with)?\\b[^.]{0,30}\\b(${feature}|text)\\b`
    ),
    new RegExp(`(^|[.:] |\\bcurrently )only supports?\\b[^.]{0,30}\\b(${feature})\\b`),
    new RegExp(`\\bsupports? (at most|up to|only|a maximum of) (\\d+|one|a single) (${feature})\\b`)
  ),
  ...rows(
    "https://docs.anthropic.com/en/api/errors; https://docs.mistral.ai; https://ai.google.dev/gemini-api/docs",
    /\b(conversation|request|messages?|dialog(ue)?|prompt|history)s?\b[^.]{0,40}\b(must|should|needs? to|has to|cannot|can't|may not|not)?\b ?(end|ending|ends|finish|start|begin)\b[^.]{0,20}\b(with|on|in) (an? )?(user|assistant|model|tool|human)\b/,
    /\b(last|final) (message|turn|role|entry|content)\b[^.]{0,40}\b(must|should|needs? to|has to|cannot|can't|expected)\b/,
    /\bexpected last role\b/,
    /\bprefill(ing)?\b/
  ),
  ...rows(
    "https://github.com/vllm-project/vllm (chat templates); https://docs.mistral.ai",
    /\bonly supports u\/a\/u\/a\b/,
    // https://github.com/anomalyco/opencode/issues/5034 (llama.cpp with Ministral's template: status 500)
    /\broles are supported, got\b/,
    // Qwen's template
    /\bno user query found in messages\b/,
    /\buse a valid role\b/,
    /\b(conversation )?roles must alternate\b|\bmust alternate between\b/,
    /\bunexpected role\b|\binvalid role\b|\brole\b[^.]{0,30}\bnot one of\b/,
    /\bsystem (message|prompt|role) must be (at the beginning|first|the first)\b/,
    /\b(only one|multiple) system messages?\b/
  ),
  ...rows(
    "https://docs.pydantic.dev/latest/errors/validation_errors; https://serde.rs (servers in Rust); https://ai.google.dev/gemini-api/docs",
    /\bextra (inputs|fields) (are )?not permitted\b/,
    /\bunknown variant\b[^.]{0,80}\bexpected\b/,
    /\b(is not one of|expected one of)( the (allowed|following)( values)?)?:? ?\[/,
    /\bunknown name\b[^.]{0,80}\bcannot find field\b/,
    /\badditional properties (are|is) not allowed\b/,
    // Lists of the values that this server takes; another one may take more.
    /\bmust (only )?(be|contain)\b[^.]{0,60}\bin \[[\w, ]{1,80}\]/,
    /\bnot (a )?valid \w+, use one of\b/,
    /\b(supported|allowed|accepted|valid) (values|formats|types|options) are:? (…|\[)/,
    /\bdoes not match any of the expected tags\b/,
    // A literal of one value or a few; a type is named without quotes.
    /\binput should be …/,
    // https://github.com/opencodeschool/opencode.school/issues/174 (Workers AI)
    /\btype mismatch of …, … not in …/
  ),
  ...rows(
    "https://api-docs.deepseek.com/guides/thinking_mode; https://ai.google.dev/gemini-api/docs/thought-signatures; https://help.aliyun.com/en/model-studio/deep-thinking",
    /\breasoning_content\b[^.]{0,60}\b(must be|missing|is required|passed back|not allowed)\b/,
    /\bmissing (a )?`?thought_?signature\b|\bthought signature\b[^.]{0,30}\b(missing|not valid|invalid|required)\b/,
    /\binvalid `?signature`? in `?thinking`?\b/,
    /\b(enable_)?thinking`?\b[^.]{0,30}\bmust be (set to )?(false|true|enabled|disabled)\b/,
    /\bstream`? (must|should|needs to|has to) be (set to )?(true|enabled)\b|\bstreaming is (required|mandatory)\b|\bonly supports? stream(ing)?\b/,
    /\bonly works in thinking mode\b/,
    /\bparameter is restricted to (true|false)\b/,
    // vLLM's limit of one server (--limit-mm-per-prompt)
    /\bat most \d+ \w+(\(s\))? may be provided\b/,
    /\bdefault chat template is no longer allowed\b/,
    /\bis not an? (multi-?modal|vision|chat|completion|embeddings?|rerank\w*|reasoning|thinking|audio|image) model\b/,
    /\bmay only be set to\b/,
    /\bonly (\w+ ?= ?\S+|[\w ]{1,30}) (is|are) (currently )?(supported|allowed|accepted)\b/,
    /\bmodel requires (\w+ )?(thinking|reasoning|stream(ing)?)\b/,
    /\bnot (oai|openai)[ -]compatible\b/,
    // https://github.com/t59688/arboris-novel/issues/23 (LM Studio): another server takes more of these values
    /\b(response_format|tool_choice|reasoning[·_]effort|encoding_format|service_tier|modalities|verbosity)(·\w+|`? type)?`? (must|should|has to|can only) be (one of\b|either\b|…)/,
    /(\b(is|are|was) )?\b(deprecated|not supported|not available|unsupported|not allowed|not permitted|not enabled|disabled|does not work) (for|with|by|on) this model\b/,
    /\bdoes not support [^.]{1,40} with this model\b|\bunsupported value\b/,
    /\bmust be verified to (stream|generate|use) \b/
  ),
  ...rows(
    "https://help.aliyun.com/en/model-studio/error-code (AccessDenied)",
    /\bdoes not support (a)?synchronous calls\b/
  ),
  ...rows(
    "https://github.com/QuantumNous/new-api; https://lmstudio.ai/docs/api; https://docs.github.com/en/copilot (one API only)",
    /^(error: )?not (yet )?implemented\b|\b(endpoint|method|operation|api|route|relay|adaptor|adapter|feature|format)\b[^.]{0,30}\b(is |are )?not (yet )?(been )?implemented\b/,
    /\b(unknown|unexpected|unsupported) (endpoint|route|path|url|(request|api) (url|endpoint|path))\b|\bunsupported api\b/,
    // A relay that has no such endpoint for the model's channel.
    /\b(unsupported|invalid|unknown) (relay mode|api type)\b|\brelay mode\b[^.]{0,20}\bnot supported\b/,
    /(\b(responses?|chat[ /_-]?completions?|messages|embeddings?|rerank) (api|endpoint|protocol|route)|\/v\d\/(chat\/completions|responses|completions|messages|embeddings))\b[^.]{0,30}\b(is|are|was) (not|n't|un)[ -]?(currently |yet )?(supported|available|enabled|implemented)\b/,
    /\b(does|do|did) not (support|implement|have|offer|provide|expose)\b[^.]{0,30}(\b(responses?|chat[ /_-]?completions?|messages|embeddings?) (api|endpoint|protocol|route)\b|\/v\d\/(chat\/completions|responses|completions|messages|embeddings)\b)/,
    /\b(does|do|did) not support (the )?(chat|(chat )?completions?|embeddings?|rerank(ing)?|generatecontent|text generation)\b/,
    // Azure OpenAI, for a model without this API
    /\brequested operation is (unsupported|not supported)\b/,
    // Kong; https://docs.konghq.com
    /\bno route matched with those values\b/,
    /\b(invalid|unrecogni[sz]ed) (request )?url\b[^.]{0,10}\(?(post|get)\b/,
    /\bnot (supported|accessible|available) (in|via|on|through|with|for) (the )?(`|")?\/?(v\d\/)?(chat\/completions|responses|completions|messages|embeddings)\b/,
    /\b(use|using) the \/?(v\d\/)?(chat\/completions|chat|responses|completions|messages) (endpoint|api) instead\b/,
    /\b(chat|generate|completions?|responses|messages|embed) api is not supported (for|by|with)\b/
  ),
  ...rows(
    // The template of this model cannot render these messages.
    "https://github.com/lmstudio-ai/lmstudio-bug-tracker/issues/842; https://github.com/ggml-org/llama.cpp/tree/master/common/jinja",
    /\bjinja (template|exception|error)\b/,
    // https://github.com/ggml-org/llama.cpp/issues/25895: tools or a schema that this server cannot compile
    /\b(failed to|could not|couldn't|cannot|unable to) (parse|compile|build|initiali[sz]e) (an? |the )?([\w-]+ )?(grammar|samplers?)\b/,
    // https://github.com/NVIDIA/TensorRT-LLM/issues/89 (Triton)
    /\bend ?point (does not|doesn't) support\b|\b(does not|doesn't) support (the |this )?end ?point\b/,
    /\b(no|not have an?|without an?|lacks an?) (\w+ )?chat[ _]template\b|\bchat[ _]template (is |was )?(missing|not (defined|set|found|provided|available))\b/,
    /\bgenerate parser for this template\b/,
    /\b(issue|problem|error|wrong) (with|in) (the |this )?(model's )?(prompt|chat) template\b/
  ),
  ...rows(
    "https://docs.bigmodel.cn/cn/api/api-code; https://help.aliyun.com/zh/model-studio/error-code",
    /(模型|接口|当前|暂)?不支持(该|此)?(图片|图像|视觉|音频|视频|文件|工具|函数|流式|参数|系统|多模态|思考|推理|response_format|responses|chat|messages|completions|embeddings)/,
    /不支持[^。，]{0,24}(能力|功能|接口|操作|api)/
  )
]

/** Statuses that blame the key, the account or the load. */
const blamesCaller = (status: number): boolean => [401, 402, 403, 429].includes(status)

/** Statuses that say what is wrong better than "not supported" does. */
const saysMore = (status: number): boolean => blamesCaller(status) || status >= 500

/** Options of the server's command line: it was started without a feature. */
export const options: ReadonlyArray<Row> = rows(
  "https://github.com/langchain4j/langchain4j/issues/3475 (vLLM); https://github.com/ggml-org/llama.cpp/tree/master/tools/server",
  /\b(requires?|needs?|use|using|with|without|set|enable|pass|via)\b[^.]{0,40} --[a-z][\w-]{2,40}/
).map((row) => ({ ...row, unless: blamesCaller }))

/** A sentence that says of anything that it is not supported. It is matched as a whole, and after all other rows. */
export const notSupported: ReadonlyArray<Row> = rows(
  "https://www.volcengine.com/docs/82379/1299023",
  /^([\w-]+:? ){1,4}(is |are )?(currently )?not (yet )?supported( yet| here)?$/
).map((row) => ({ ...row, unless: saysMore }))
