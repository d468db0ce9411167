/** Sentences about a plan's allowance for a period, and about money. */
import { type Row, rows } from "./Row.ts"

/** A plan's allowance for a period. */
export const usageWindow: ReadonlyArray<Row> = [
  ...rows(
    "Allowance",
    "https://portkey.ai/docs/product/administration/enforce-budget-and-rate-limit (412, error code 04)",
    /\bkey (usage|spend(ing)?|budget|credit) limit (has been |is |was )?(exceeded|reached)\b/
  ),
  ...rows(
    "Allowance",
    // Without the time of the answer, it is not known how far away the date is.
    "https://github.com/anthropics/claude-code/issues",
    /\bregain access on\b/
  ),
  ...rows(
    "UsageWindow",
    "https://github.com/openai/codex; https://github.com/anthropics/claude-code/issues/2087; https://github.com/anthropics/claude-code/issues/6392; https://docs.z.ai/devpack/faq; https://www.kimi.com/code/docs/en/kimi-code/error-reference.html",
    /\b(usage|session|message|subscription|plan|5[- ]hour|five[- ]hour|weekly|opus weekly) (quota )?limits? (has been |have been |was |were )?(already )?(reached|exceeded|hit|exhausted)\b/,
    /\b(reached|hit|exceeded|exhausted)( your| the| its| their)? (\(?\w+\)?[- ]){0,4}(usage|session|message|weekly|5[- ]hour|five[- ]hour) (limit|quota|cap)/,
    /\busage limit (reached )?for \d/,
    /\byou(r|'ve| have)[^.]{0,40}(subscription|plan)[^.]{0,20} quota( limit)?/,
    // The word before the reset is checked last, because most texts have no reset.
    /\b(resets?|replenished|renewed|restored) (after|at|in|on|when|\d|(mon|tue|wed|thu|fri|sat|sun|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)\b)(?<=\b(quota|limit|capacity)[^.]{0,80})/,
    // https://learn.microsoft.com/azure/api-management/api-management-error-handling-policies#predefined-errors-for-policies
    /\bout of (call volume|bandwidth) quota\b/,
    /\bweekly(\/monthly)? (usage )?(limit|quota)/,
    /exhausted your (daily |weekly )?(quota|capacity)/,
    /\b(used up|used all|exhausted|exceeded|reached|hit|out of)\b[^.]{0,60}\bfor (the day|this hour|this day|today)\b/
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
export const billing: ReadonlyArray<Row> = [
  ...rows(
    "Balance",
    "https://docs.anthropic.com/en/api/errors; https://github.com/anthropics/claude-code/issues",
    /credit balance (is |was )?too low/,
    /(extra usage|usage credits?) (is |are |was )?(required|needed)/,
    /\bout of extra usage\b/,
    /reached your specified api usage limit/,
    /third-party apps now draw from your extra usage/
  ),
  ...rows(
    "Balance",
    "https://api-docs.deepseek.com/quick_start/error_codes; https://openrouter.ai/docs/api/reference/errors-and-debugging",
    /insufficient (\w+ ){0,4}(balance|credits?|funds?|quota)\b/,
    /\b(balance|credits?|funds?|quota) (is |are |was |were |has been |have been )?(currently )?(not enough|insufficient|exhausted|depleted|used up|too low|empty|not sufficient|negative)/,
    /\b(not enough|not sufficient|lack of|lacks?) (\w+ ){0,2}(credits?|balance|funds?)\b/,
    /\b(ran|run|are|is|was|be|you're|account) out of (\w+ ){0,2}(credits?|funds?|balance|money)\b/,
    /\b(doesn't|does not|don't|do not|didn't) have (any |enough |sufficient |the )?(\w+ ){0,3}(credits?|balance|funds?)\b/,
    /\b(have|has|with) (no|zero|0|negative) (\w+ ){0,2}(credits?|balance|funds)\b/,
    /\b(no|0|zero) (\w+ )?credits? (remaining|left|available|balance)/,
    /\bbalance( is| of|:) ?[$¥€]?(-\d|0(·0+)?\b(?!·?\d))/,
    /\b(re-?charge|top[- ]?up|refill) (your |the )?(account|balance|wallet|credits?)\b|\badd (more |some )?funds\b/,
    /\brequires? (more|additional|at least [^.]{0,20}) ?credits|\b(more|additional) credits (are |is )?(required|needed)\b/,
    /\b(requires?|need) (at least |a )?(\$|positive |minimum )[^.]{0,30}(balance|credits?)/,
    /\bcan only afford\b/,
    /\bprompt tokens limit exceeded\b/,
    /\b(purchase|buy|top up)( more| additional)? credits\b/,
    /\badd (more )?credits to (continue|your account|keep|use)\b/,
    /\bnegative (credit )?balance\b/,
    /^(no|zero) (credits?|balance|funds)$|\bwallet (is )?empty\b|\bbilling (is )?required\b/
  ),
  ...rows(
    "Balance",
    "https://docs.x.ai; https://platform.openai.com/docs/guides/error-codes",
    /\b(used|spent|exhausted|consumed) (up )?(all|your|the|its) (\w+ ){0,4}(credits?|balance|funds|free tier|free trial|free quota|trial quota|tokens balance)\b/,
    /\b(exceeded|exceeds|exceeding|over|above|reached|hit|crossed|crossing|surpassed)[^.]{0,60}\b(spend(ing)?|billing|budget|credit)( hard)?[- ]?(limit|cap|quota|threshold)\b/,
    /\b(crossed|exceeded|over|out of) (its |the |your |their )?(\w+ )?budget\b/,
    /(?<!\b(thinking|reasoning|token) )\bbudget (is |was )?(insufficient|not enough|too low|depleted)\b/,
    /\bbudget (has been |is |was )?(exceeded|exhausted|reached|used up)/,
    /\bexceed(s|ed)? (your |the |its |this )?([\w'’]+ ){0,3}(budget|spend(ing)?|credit) limit\b/,
    /\bbudget of \$?[\d·,]+ (has been |is |was )?(exceeded|exhausted|reached|used up)\b/,
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
    /\bno (resource package|active subscription|active plan|valid subscription)|\bsubscription (is |was )?(not found|inactive)\b/,
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
    /(额度|配额|点数|积分|余量|资源包|套餐)(已)?(不足|用尽|用完|耗尽)/,
    /无可用资源包|请(先)?充值|预扣费(额度)?失败|账户余额|(套餐|订阅|会员)已(经)?(到期|过期|失效)/,
    // https://help.aliyun.com/document_detail/2593384.html (100011)
    /无可用(额度|余额)|(额度|配额)(已)?使用完|可用(余额|额度)(为|[:：]) ?0/
  ),
  ...rows(
    "Balance",
    "https://github.com/QuantumNous/new-api",
    // https://www.xfyun.cn/doc/spark/ (11200), as relays pass it on
    /\bappidnoautherror\b/,
    /\b(pre-?consume|user|token)( token)? quota[^.]{0,20}(failed|not enough|is not enough|exhausted|insufficient)/
  )
]
