/** Sentences about what a request names or lets the provider fetch: files, answers, caches, images, servers of tools. */
import { type Row, rows } from "./Row.ts"

/** Statuses with which the sentence is not about something that the request names. */
const isNotAbout = (status: number): boolean => status === 402 || status === 429 || status >= 500

/** The model and the key are not at fault, and another provider may have or reach it. */
export const references: ReadonlyArray<Row> = [
  ...rows(
    "Unsupported",
    // Files and responses belong to one account; another key may have access to them.
    "https://www.volcengine.com/docs/82379/1299023; https://github.com/can1357/oh-my-pi/issues/41 (OpenAI's 404); seen: Gemini's 403",
    /\bthe specified (file|context|response|cache)\b[^.]{0,80}\b(is|was) not found\b/,
    /\bno such file object\b/,
    /\b(item|response|conversation|vector store|file|container|upload|batch|thread|assistant|prompt) with id\b[^.]{0,120}\b(not found|does not exist)\b/,
    /\bno (file|container|vector store|item|assistant|thread|conversation|response|batch|upload|prompt|skill|voice)s? found with id\b/,
    /\b(file_id |file )?file-\w{2,80} (was )?(not found|does not exist)\b/,
    /\bcached ?contents?\b[^.]{0,120}\bnot found\b/,
    /\bpermission to access the file\b[^.]{0,120}\bmay not exist\b/
  ),
  ...rows(
    "Unsupported",
    "https://platform.claude.com/docs/en/build-with-claude/files; https://platform.claude.com/docs/en/agents-and-tools/tool-use/code-execution-tool",
    /(?<!\b(model|weights?|checkpoint|credentials?|key|token|config|configuration) )\b(file|container|skill|voice|assistant|thread|vector store|conversation|upload|batch) (was |is |could |has )?(expired|not found|not be found|does not exist|has expired)\b/,
    /\bcontainer is expired\b/,
    /\b(not have|no|denied|without) (access|permissions?) to (the |this |that )?(file|container|skill|voice|assistant|thread|vector store|conversation|response|batch)\b/
  ).map((row) => ({ ...row, unless: isNotAbout })),
  ...rows(
    "Unsupported",
    // A file in a bucket that only some accounts may read.
    "https://cloud.google.com/storage/docs/access-control/iam-permissions",
    /\bstorage·(objects|buckets)·\w{2,20}\b/,
    // https://docs.cloud.google.com/vertex-ai/generative-ai/docs/model-reference/api-errors (403)
    /\b(cloud storage|gcs|s3) (bucket|object|uri)\b(?<=\b(access|permissions?)\b[^.]{0,80})/
  ),
  ...rows(
    "Unsupported",
    // The caller chose that server, and its status stands in the sentence. This holds for 429 too: a caller whose own server throttles
    // must not bench a target for others. If the provider throttles, nothing is lost but this attempt.
    "https://developers.openai.com/api/docs/guides/tools-connectors-mcp; https://platform.claude.com/docs/en/agents-and-tools/mcp-connector",
    /\b(from|to|with|of) (the |your |remote )?mcp server\b|\bmcp server\b[^.]{0,60}\b(error|failed|refused|unauthori[sz]ed|timed out|not reach)/
  ),
  ...rows(
    "Unsupported",
    "https://developers.openai.com/api/docs/guides/images-vision; https://platform.claude.com/docs/en/build-with-claude/vision",
    /\b(failed|unable|could not|cannot|can't|error|timeout) (while |when )?(to )?((fetch|download|retriev|access)(e|ing)? (the |an? |your )?(file|url|image|media|document|pdf|audio|video)|load(ing)? (the |an? |your )?(url|image|media|document|pdf|audio|video))s?\b|\bfailed to (download|fetch)$/,
    /\b(fetch|download|load)ing (of )?(the |an? |your )?(file|url|image|media|document|pdf|audio|video)s? failed\b/
  )
]
