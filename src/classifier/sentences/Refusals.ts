/** Sentences that refuse content. */
import { type Row, rows } from "./Row.ts"

/** Refused for its content. */
export const policy: ReadonlyArray<Row> = [
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
    /\bsafety (system|filters?|settings?|reasons?|checks?|guidelines?|polic(y|ies)|concerns?)\b/,
    /\b(blocked|filtered|refused|stopped|rejected)\b[^.]{0,60}\b(copyright(ed)?|recitation|trademark(ed)?)\b/,
    /\bprompt (was |is )?blocked\b/,
    /\busage guidelines\b/,
    /\bacceptable use policy\b/
  ),
  ...rows(
    "ContentPolicy",
    "https://openrouter.ai/docs/api/reference/errors-and-debugging (guardrail errors); https://github.com/UCloudDoc-Team/modelverse (api_doc/common/error-code.md)",
    /^request blocked: (?!.{0,80}\b(too many|rate|quota|limits?)\b)/,
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
