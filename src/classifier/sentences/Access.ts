/** Sentences about keys and accounts. */
import { type Row, rows } from "./Row.ts"

/**
 * With such a status the server failed: what it calls locked, closed or not found may be its own resource, and not the account.
 */
const failed = (status: number): boolean => status >= 500

/** The account, the organization or the country is refused. */
export const forbidden: ReadonlyArray<Row> = [
  ...rows(
    "Forbidden",
    "https://platform.openai.com/docs/guides/error-codes",
    /\b(account|organi[sz]ation|workspace|team|user|project|consumer|subscription|tenant)\b[^.]{0,80}\b(has been |is |was |been |are )(\w+ )?(locked|closed)\b/
  ).map((row) => ({ ...row, unless: failed })),
  ...rows(
    "Forbidden",
    "https://platform.openai.com/docs/guides/error-codes; https://docs.anthropic.com/en/api/errors",
    /\b(account|organi[sz]ation|workspace|team|user|project|consumer|subscription|tenant)\b[^.]{0,80}\b(has been |is |was |been |are )(\w+ )?(suspended|deactivated|disabled|blocked|banned|terminated|restricted|frozen|flagged|inactive)\b/,
    /\b(suspended|deactivated|disabled|blocked|banned|terminated)\b[^.]{0,40}\b(in |for |from )?(this |your )?(account|organi[sz]ation)\b/,
    // https://docs.aihubmix.com/cn/FAQs/HTTP-Codes
    /\b(account|user|organi[sz]ation|workspace|team|project|tenant) (suspended|deactivated|disabled|banned|terminated|locked)\b/,
    /\b(allowed|permitted|valid) only from\b|\b(approved|allowed|whitelisted) ips?\b/,
    /\borgani[sz]ation must be verified\b/,
    /\b(must|need to) be verified to\b|\bverify (your )?(organi[sz]ation|identity|account)\b/,
    /\bnot allowed for (this|your) organi[sz]ation\b/,
    /\bnot (yet )?(available|enabled) (for|on|in|with) (this|your) (subscription|plan|account|organi[sz]ation)\b/,
    /\baccess (was|has been|is) (terminated|revoked|suspended|blocked)\b/,
    /\bip address[^.]{0,60}\b(not (authori[sz]ed|allowed|permitted|in)|blocked|denied|restricted)/,
    /\b(not (authori[sz]ed|allowed)|blocked|denied)[^.]{0,30}\bip\b|\bip( address)? (is |was |has been )?(not (allowed|authori[sz]ed|permitted)|blocked|banned)\b/,
    /\bonly authorized for use with\b/,
    // https://github.com/Sliverkiss/workbuddy2api/issues/4
    /\b(unapproved|unauthori[sz]ed|disallowed|untrusted) (channel|client|app(lication)?|source|caller|origin|ip)\b/,
    /\bcan only be used (from|with|within|by|in|inside)\b/,
    /\bonly available (for|to) (coding agents|[\w ]{0,20}clients?|[\w ]{0,20}apps?|members|subscribers)\b/
  ),
  ...rows(
    "Forbidden",
    "https://ai.google.dev/gemini-api/docs/troubleshooting; https://cloud.google.com/iam/docs",
    /\bhas not been used in project\b/,
    /\b(api|service) (is |has been )?(disabled|not enabled)\b/,
    /\bpermission `?[\w·…]{0,80}`? ?denied\b/,
    /\b(requests|referer|referrer)[^.]{0,120}\bare blocked\b/,
    /\bviolation of (the )?(\w+ )?terms\b|\bterms of service violation\b/,
    /\b(missing|insufficient|lacks?|requires?)( the)?( following| required| authentication| necessary)? (scopes?|permissions?|privileges?)\b/,
    /\blacks the required (data )?action\b/,
    /\bpermission is (required|needed)\b/,
    /\bpublic access is disabled\b|\bvirtual network\b[^.]{0,20}\bfirewall\b/
  ),
  ...rows(
    "Forbidden",
    "https://docs.aws.amazon.com/bedrock/latest/userguide/troubleshooting-api-error-codes.html",
    /\b(not authorized|not allowed|not permitted|unauthorized) to (perform|invoke|call|access|use)\b/,
    /\b(api[- ]?key|token) (is |has been )restricted\b/,
    /\b(account|organi[sz]ation|project|team|workspace|api[- ]?key)\b[^.]{0,60}\b(is |are )not (authori[sz]ed|permitted|allowed)\b/,
    /^operation not allowed$/,
    /\b(you|caller|key|token|user|organi[sz]ation|account|team|project|workspace|plan)( [\w·@-]{1,60})? (does not|doesn't|do not|don't) have (the )?(\w+ )?(access|permissions?)\b/,
    /\baccess to[^.]{0,60} is (forbidden|denied|restricted)\b/,
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
    /分组已被禁用|(账户|账号)[^。]{0,10}(非活动|未激活|冻结|违规)|不在(ip)? ?白名单|只能在指定(网段|ip)|(地区|区域)(受限|不支持)/
  ),
  ...rows(
    "Forbidden",
    "https://github.com/PaddlePaddle/ERNIE-SDK/issues/348 (Baidu's AI Studio)",
    /(暂)?无权限|权限不足|禁止(访问|使用|调用)/
  )
]

/** The key could not be checked, which says nothing about it. */
export const unchecked: ReadonlyArray<Row> = rows(
  "ServerError",
  "https://ngrok.com/docs/ai-gateway/reference/error-codes (ERR_NGROK_27009)",
  /\b(unable to|failed to|could not|couldn't) (verify|validate|check) (the |your )?(\w+ )?(api[- ]?key|token|credentials?)\b(?!.{0,60}\b((check|correct) (the |your )?(\w+[- ])?(key|token|credentials?)|an? (valid|different|new|correct)|another)\b).{0,40}\b(try again|retry)\b/
)

/** The key itself is invalid. */
export const key: ReadonlyArray<Row> = [
  ...rows(
    "InvalidKey",
    "https://openrouter.ai/docs/api/reference/errors-and-debugging (401)",
    /\buser not found\b/
  ).map((row) => ({ ...row, unless: failed })),
  ...rows(
    "InvalidKey",
    "https://platform.openai.com/docs/guides/error-codes; https://ai.google.dev/gemini-api/docs/troubleshooting",
    /\b(incorrect|invalid|wrong|bad|malformed|missing|expired|revoked|unknown|no|inactive|disabled|deactivated|unauthorized|illegal) (or (missing|expired|invalid|inactive) )?(\w+[- ]){0,2}(api[- ]?key|access[- ]?key|secret[- ]?key|apikey|api[- ]?token|access token|auth(entication|orization)? (token|header|key|credentials?|information|method)?|authentication|credentials?|bearer token|token|security token|x-api-key|subscription key|oauth token|proxy server token|request signature)\b(?! (count|limit|length|type|in (the )?(json|grammar|schema|template|pattern)|at (position|line|index)|'|id|budget|…))/,
    /\b(api[- ]?key|access[- ]?key|apikey|api[- ]?token|access token|authentication token|auth token|authorization token|oauth token|bearer token|security token|credentials?|security token included in the request|session token)\b[^.]{0,80}\b(is |was |has |are |have )?(been )?(not valid|invalid|incorrect|expired|revoked|missing|malformed|disabled|deleted|deactivated|not found|not provided|not recogni[sz]ed|not exist|doesn't exist|does not exist|inactive|wrong|required|not active|not set|unauthorized|(currently )?blocked|reported as leaked|leaked|compromised|could not be (verified|found|validated))\b/,
    /\b(didn't|did not|must|please|not|need to|should) (provide|supply|pass|include|specify|send)(d|ed)? (an?|your|the|a valid) (\w+ ){0,2}(api[- ]?key|apikey|access token|authorization|credentials?|authentication|token)\b/,
    /\b(unable to|failed to|could not|couldn't|cannot|can't) (authenticate|(verify|validate) (the |your )?(\w+ )?(api[- ]?key|token|credentials?))\b/,
    /\b(not|isn't) authenticated\b/,
    /\b(authorization|authentication) header (is |was )?(missing|required|invalid|malformed|badly form\w+|empty|not)\b/,
    /\bsignature (has |is )?expired\b/,
    /\bauthentication (failed|fails|failure|required|error|parameter not received|unsuccessful)\b/,
    /\bauthenticate (request )?with (an? )?(valid )?api[- ]?key\b/,
    /\bmissing authentication\b/,
    /\bunregistered callers\b/,
    /\binvalid authentication\b/,
    /\b(no auth|no cookie auth|no authentication) credentials found\b/,
    /\bno api[- ]?key\b/,
    /\bthis (api )?key (was not found|(has been|was|is) (deleted|revoked|disabled|deactivated|expired|invalid|not active))\b/,
    /\b(token|jwt|signature)( signature)? (verification|validation) failed\b/,
    /\btoken (has |is |was )?(been )?(expired|revoked|invalid|invalidated|incorrect|already used)\b/,
    // https://github.com/openai/codex: the login of a plan
    /\brefresh token has already been used\b/,
    /^(api )?key (revoked|expired|deleted|disabled)$|^auth(entication)? (failed|failure|error)$/,
    /\bnot logged in\b|\b(log|sign) in again\b/,
    // https://github.com/BerriAI/litellm/pull/3130: a gateway without credentials of its cloud, with status 500
    /\breauthentication is (needed|required)\b|\bplease re-?authenticate\b|\binvalid_grant\b/,
    /\b(unable to locate|could not load|couldn't load) (the )?(default )?credentials\b/,
    /\bsession associated with this profile has expired\b/,
    // https://learn.microsoft.com/entra/identity-platform/reference-error-codes
    /\baadsts(50173|700016|700082|7000215|7000222)\b/,
    /\btoken is (missing|required)\b/,
    // https://github.com/Alishahryar1/free-claude-code/issues/91: a gateway without its own key
    /\b\w*_api_key( environment variable)? (is )?(not set|missing|not configured)\b/,
    /\binvalid (auth|username|user name|password|user key|organization key)\b/,
    /\bunable to find token in\b/,
    /\bjwt (expired|malformed|invalid)\b/,
    /\brequest signature we calculated does not match\b/
  ),
  ...rows(
    "InvalidKey",
    "https://github.com/songquanpeng/one-api; https://docs.bigmodel.cn/cn/api/api-code",
    /无效的? ?(令牌|密钥|token|api ?key|apikey)|令牌(已)?(过期|失效|不存在|状态不可用|验证失败|被禁用)|身份验证失败|鉴权失败|(api ?key|apikey|密钥|token|令牌)(无效|错误|不正确|已过期|非法|不存在|不合法)|未提供(令牌|密钥|api ?key)/i,
    // https://support.huaweicloud.com/model-call-maas/model-call-035.html
    /\bfailed to (get|check|read|parse) the authorization (request )?header\b/,
    // https://help.aliyun.com/document_detail/2593384.html (100001, 100016); https://docs.bigmodel.cn/cn/api/api-code (1001, 1002)
    /(令牌|密钥|token|api ?key|签名|登录|身份)(认证|鉴权|验证|校验)(失败|不通过)|(用户)?未登录|登录(已)?(过期|失效)/i,
    /(authentication|access|api) token (非法|无效|已?过期)|未(收到|携带|提供) ?(authentication|authorization|认证|鉴权)|(key|密钥|令牌) ?已?被?(停用|注销|吊销|禁用|删除)/i
  )
]
