/** Sentences about servers that are full or at fault. */
import { type Row, rows } from "./Row.ts"

/** The service is full, starting up or down for all callers. */
export const overload: ReadonlyArray<Row> = [
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
    /\b(model|deployment)( [\w·/:@-]{1,80})? (is )?(still )?not ready\b/,
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
    // Ollama and servers on a desktop: the memory for this model is in use.
    /\b(cannot|can't|could not|couldn't|unable to|failed to|not) (free|allocate|reserve) (enough )?(\w+ )?memory\b|\bmemory\b[^.]{0,20}\b(cannot|could not) be allocated\b/,
    /\bno (available|idle|free|healthy) (workers?|instances?|servers?|backends?|gpus?|replicas?|slots?|resources?)\b/,
    /\bno (\w+ )?(workers?|instances?|servers?|gpus?|replicas?|slots?) (is |are )?(currently )?(available|free|idle|left)\b/,
    // https://github.com/vllm-project/vllm: the limit is one of a server, not of the caller
    /\b(worker|instance|replica|node|engine|pod)\b[^.]{0,40}\b(request|queue|concurrency) limit (is |was |has been )?(reached|exceeded)\b/,
    /\b(under|undergoing|in|for) (\w+ )?maintenance\b/,
    /\bqueue (wait )?time-?out\b/,
    /\b(all|every) (\w+ )?(instances?|workers?|servers?|replicas?|slots?|backends?) (is |are )(currently )?(busy|occupied|unavailable|in use)\b/
  ),
  ...rows(
    "Overloaded",
    "https://docs.bigmodel.cn/cn/api/api-code",
    /访问量过大|模型(正在)?加载中|模型未就绪|(系统|服务|服务器|模型)(当前)?(繁忙|过载|负载过高)|服务(暂时|暂)?不可用/,
    // https://help.aliyun.com/document_detail/2593384.html (100020); https://github.com/Wei-Shaw/sub2api/issues/593
    /暂时无法(提供)?服务|(系统|服务)(正在)?维护|排队人数(过|较)多|负载(较|过)高|(算力|资源)(不足|紧张)|没有可用(的)?(账户|账号)/
  )
]

/** The model's own output could not be used. Another try may do better. */
export const output: ReadonlyArray<Row> = rows(
  "Malformed",
  "https://aka.ms/model-error (Azure OpenAI); https://docs.aws.amazon.com/bedrock/latest/userguide/troubleshooting-api-error-codes.html",
  /\bmodel (has )?(produced|generated|returned|output) (an? )?(invalid|malformed|incomplete|empty|unparsable|unparseable) (content|output|response|sequence|json|message|tool calls?|function calls?)\b/
)

/**
 * Sentences of a gateway about its own fault, also with status 400. They are matched as a whole, so that no quoted word
 * decides.
 */
export const ownFault: ReadonlyArray<Row> = rows(
  "ServerError",
  "https://github.com/open-webui/open-webui (400 for every fault of a server behind it); https://docs.litellm.ai/docs/exception_mapping",
  /^([\w ]{2,20}: )?((internal|backend|upstream|server|connection|gateway|network|service|api) ){1,3}(error|failure)$/,
  /^upstream (request failed|connect error|service error)\b/,
  // Errors of Node's fetch and http, which a gateway passes on.
  /^(fetch failed|socket hang up|terminated|(read |connect )?(econn(reset|refused|aborted)|etimedout|epipe)|(the )?(request|connection|operation)( to \w+)? timed out)$/,
  /^(failed to (connect to|reach)|error communicating with|(could not|couldn't|cannot|unable to) (connect to|reach)) (the )?(backend|upstream|server|provider)( \w+)?$/,
  /^an (unexpected|internal|unknown) error (has )?occurred( on the server)?(\. |$)/,
  /^(服务器?|系统)?内部错误/,
  /\b(no module named|import failed)\b/
)

/**
 * Sentences of the libraries with which a gateway calls the server behind it: Go's net, Python's requests, aiohttp and httpx, Node. They count
 * unless something was fetched for the request.
 */
export const lostConnection: ReadonlyArray<Row> = rows(
  "Connection",
  "https://pkg.go.dev/net#OpError; https://requests.readthedocs.io; https://docs.aiohttp.org; https://www.python-httpx.org/exceptions; https://nodejs.org/api/errors.html",
  /\b(dial|read|write) tcp\b/,
  /^(post|get) ["': ]{0,6}(eof|unexpected eof|context deadline exceeded|net\/http)\b/,
  /\bhttps?connectionpool\(/,
  /\bcannot connect to host\b/,
  /^server disconnected( without sending a response)?$/,
  /\bpeer closed connection without sending\b|\bincomplete chunked read\b/,
  /\[errno -?\d{1,5}\]/,
  /\bgetaddrinfo e[a-z_]{4,12}\b|\b(econnrefused|econnreset|econnaborted|etimedout|epipe|ehostunreach|enetunreach)\b/
)

/** Words for what the provider fetched or called for the request. */
export const fetched =
  /\b(fetch|download|upload|retriev|image|file|video|audio|media|document|url|uri|webhook|tool|mcp|plugin)/

/** A fault of the server; read only if no status decides. */
export const server: ReadonlyArray<Row> = [
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
    /超时|(内部|系统|服务|服务器|网络|接口)(错误|异常|出错)|模型调用失败/
  ),
  ...rows(
    "Invalid",
    "https://help.aliyun.com/document_detail/2593384.html (100004, 100005)",
    /参数(缺失|非法|错误|有误|无效)/
  )
]
