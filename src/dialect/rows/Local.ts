/** Servers that people run themselves. The chat template of the model decides about the order of messages. */
import type { Row } from "../rules/Row.ts"

const vllm = "https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html"
const template = "https://github.com/vllm-project/vllm/issues/41114"
const sglang = "https://docs.sglang.ai/basic_usage/openai_api_completions.html"
const llamacpp = "https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md"
const lmstudio = "https://lmstudio.ai/docs/developer/openai-compat/chat-completions"
const ollama = "https://docs.ollama.com/api/openai-compatibility"

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
        source: "https://docs.vllm.ai/en/latest/features/reasoning_outputs.html"
      },
      tokenCap: { is: "max_tokens", source: vllm },
      documents: { is: "no", source: "https://docs.vllm.ai/en/latest/features/multimodal_inputs.html" }
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
      developerRole: { is: false, source: "https://github.com/sgl-project/sglang/pull/14307" },
      thoughtFields: {
        is: ["reasoning_content"],
        source: "https://docs.sglang.ai/advanced_features/separate_reasoning.html"
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
      developerRole: { is: false, source: llamacpp },
      thoughtFields: { is: ["reasoning_content"], source: llamacpp },
      thoughtField: { is: "reasoning_content", source: llamacpp },
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
      system: { is: "first", source: "https://github.com/joshuadavidthomas/opencode-agent-memory/issues/11" },
      developerRole: { is: false, source: lmstudio },
      thoughtFields: { is: ["reasoning_content", "reasoning"], source: lmstudio },
      tokenCap: { is: "max_tokens", source: lmstudio },
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
      system: { is: "first", source: ollama },
      developerRole: { is: false, source: ollama },
      thoughtFields: { is: ["reasoning"], source: ollama },
      thoughtField: { is: "reasoning", source: ollama },
      tokenCap: { is: "max_tokens", source: ollama },
      parallelToolCalls: { is: false, source: ollama },
      metadata: { is: false, source: ollama },
      documents: { is: "no", source: ollama },
      audio: { is: false, source: ollama },
      finishWords: {
        is: { load: "stop" },
        source: "https://github.com/ollama/ollama/blob/main/llm/server.go"
      }
    }
  }
]
