/** Servers that people run themselves. The chat template of the model decides about the order of messages. */
import type { Row } from "../rules/Row.ts"

const vllm = "https://github.com/vllm-project/vllm/blob/main/docs/serving/openai_compatible_server.md"
const template = "https://github.com/vllm-project/vllm/issues/41114"
const sglang = "https://docs.sglang.io/docs/basic_usage/openai_api_completions"
const llamacpp = "https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md"
const lmstudio =
  "https://github.com/lmstudio-ai/docs/blob/main/1_developer/3_openai-compat/chat-completions.md"
const templates = "https://github.com/phuetz/code-buddy/pull/75"
const ollama = "https://github.com/ollama/ollama/blob/main/openai/openai.go"

/** The rows. */
export const rows: ReadonlyArray<Row> = [
  {
    name: "vllm",
    title: "vLLM",
    kind: "server",
    protocol: "openai",
    match: { providers: ["vllm"] },
    facts: {
      system: { is: "first", source: template },
      developerRole: { is: false, source: "https://github.com/can1357/oh-my-pi/issues/958" },
      thoughtFields: {
        is: ["reasoning", "reasoning_content"],
        source: "https://github.com/vllm-project/vllm/blob/main/docs/features/reasoning_outputs.md"
      },
      // Without a reasoning parser, and by the design of `minimax_m2_append_think`
      thinkTags: { is: "leading", source: "https://github.com/vllm-project/vllm/issues/34625" },
      tokenCap: { is: "max_tokens", source: vllm },
      // vLLM accepts images and sound only
      documents: { is: "no", source: vllm }
    }
  },
  {
    name: "sglang",
    title: "SGLang",
    kind: "server",
    protocol: "openai",
    match: { providers: ["sglang"] },
    facts: {
      system: { is: "first", source: template },
      // Templates without this role drop its messages
      developerRole: { is: false, source: "https://github.com/sgl-project/sglang/issues/40082" },
      thoughtFields: {
        is: ["reasoning_content"],
        source: "https://docs.sglang.io/docs/advanced_features/separate_reasoning"
      },
      // Without a reasoning parser
      thinkTags: {
        is: "leading",
        source: "https://docs.sglang.io/docs/advanced_features/separate_reasoning"
      },
      tokenCap: { is: "max_tokens", source: sglang },
      documents: { is: "no", source: sglang }
    }
  },
  {
    name: "llamacpp",
    title: "llama.cpp",
    kind: "server",
    protocol: "openai",
    match: { providers: ["llamacpp", "llama.cpp", "llama-cpp", "llama-server"] },
    facts: {
      system: { is: "first", source: "https://github.com/ggml-org/llama.cpp/issues/20733" },
      // Since March 2026 it is mapped to `system`
      developerRole: { is: false, source: "https://github.com/ggml-org/llama.cpp/pull/20215" },
      thoughtFields: { is: ["reasoning_content"], source: llamacpp },
      thoughtField: { is: "reasoning_content", source: llamacpp },
      // `--reasoning-format none` leaves them in the text
      thinkTags: { is: "leading", source: llamacpp },
      tokenCap: { is: "max_tokens", source: llamacpp },
      documents: { is: "no", source: llamacpp }
    }
  },
  {
    name: "lmstudio",
    title: "LM Studio",
    kind: "server",
    protocol: "openai",
    match: { providers: ["lmstudio", "lm-studio"] },
    facts: {
      system: { is: "first", source: "https://github.com/lmstudio-ai/lmstudio-bug-tracker/issues/2298" },
      thoughtFields: {
        is: ["reasoning_content", "reasoning"],
        source: "https://github.com/lmstudio-ai/docs/blob/main/1_developer/api-changelog.md"
      },
      thinkTags: {
        is: "leading",
        source: "https://github.com/lmstudio-ai/lmstudio-bug-tracker/issues/1569"
      },
      tokenCap: { is: "max_tokens", source: lmstudio },
      // `'response_format.type' must be 'json_schema' or 'text'`
      jsonObject: { is: false, source: "https://github.com/lmstudio-ai/lmstudio-bug-tracker/issues/189" },
      documents: { is: "no", source: lmstudio },
      audio: { is: false, source: lmstudio }
    }
  },
  {
    name: "ollama",
    title: "Ollama",
    kind: "server",
    protocol: "openai",
    match: { hosts: ["ollama.com"], providers: ["ollama"] },
    facts: {
      system: { is: "first", source: templates },
      developerRole: { is: false, source: "https://github.com/ollama/ollama-python/issues/453" },
      thoughtFields: { is: ["reasoning"], source: ollama },
      thoughtField: { is: "reasoning", source: ollama },
      thoughtsBack: { is: "calls", source: ollama },
      // `tool_choice` is not read
      forcedCalls: { is: false, source: ollama },
      tokenCap: { is: "max_tokens", source: ollama },
      parallelToolCalls: { is: false, source: ollama },
      metadata: { is: false, source: ollama },
      documents: { is: "no", source: ollama },
      audio: { is: false, source: ollama },
      finishWords: {
        is: { load: "stop" },
        source: "https://github.com/ollama/ollama/blob/main/docs/api.md"
      }
    }
  }
]
