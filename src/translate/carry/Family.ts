/** The families of models: what one of them left, its relatives understand, and nobody else. */

/** Words by which a model's name tells its family. The first that fits counts: `deepseek-r1-distill-qwen` is DeepSeek's. */
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

/** The family of a model; one that is not known is a family of its own. */
export const familyOf = (model: string): string => {
  const name = model.toLowerCase()
  return families.find(([pattern]) => pattern.test(name))?.[1] ?? name
}
