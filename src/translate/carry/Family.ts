/** Model families: what one model left in a conversation is understood only by models of the same family. */

/** Patterns of a model's name. The first match counts: `deepseek-r1-distill-qwen` is DeepSeek's. */
const families: ReadonlyArray<readonly [name: RegExp, family: string]> = [
  [/claude|anthropic/, "claude"],
  [/gemini|gemma/, "gemini"],
  [/deepseek/, "deepseek"],
  [/kimi|moonshot/, "kimi"],
  [/minimax/, "minimax"],
  [/glm|z-ai|zai/, "glm"],
  [/qwen|qwq/, "qwen"],
  [/mistral|magistral|devstral|codestral|ministral/, "mistral"],
  [/grok/, "grok"],
  [/gpt-?oss/, "gpt-oss"],
  [/gpt|openai|codex|^o\d/, "gpt"],
  [/llama/, "llama"]
]

/** The family of a model; an unknown model is its own family. */
export const familyOf = (model: string): string => {
  const name = model.toLowerCase()
  return families.find(([pattern]) => pattern.test(name))?.[1] ?? name
}
