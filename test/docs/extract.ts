/** The examples of doc comments and of Markdown pages, as modules that can be compiled and run. */
import { globSync, readFileSync } from "node:fs"
import { relative, resolve } from "node:path"

/** One example. */
export interface Example {
  /** Its location: `src/failure/Failure.ts:120`. */
  readonly at: string
  readonly code: string
}

const root = resolve(import.meta.dirname, "../..")

const lineOf = (text: string, index: number): number => text.slice(0, index).split("\n").length

/** The `@example` parts of all doc comments in src. */
export const fromDocComments = (): ReadonlyArray<Example> =>
  globSync("src/**/*.ts", { cwd: root }).flatMap((file) => {
    const text = readFileSync(resolve(root, file), "utf8")
    return [...text.matchAll(/\/\*\*[\s\S]*?\*\//g)].flatMap((comment) =>
      comment[0]
        .split(/\n[ \t]*\* @example[ \t]*\n/)
        .slice(1)
        .map((part) => ({
          at: `${file}:${lineOf(text, comment.index)}`,
          code: withImports(
            file,
            text,
            part
              .split(/\n[ \t]*\* @|\n?[ \t]*\*\//)[0]!
              .split("\n")
              .map((line) => line.replace(/^[ \t]*\* ?/, ""))
              .join("\n")
          )
        }))
    )
  })

/** The blocks of the README and of the docs that are marked as TypeScript. */
export const fromMarkdown = (): ReadonlyArray<Example> =>
  ["README.md", ...globSync("docs/**/*.md", { cwd: root })].flatMap((file) => {
    const text = readFileSync(resolve(root, file), "utf8")
    return [...text.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map((block) => ({
      at: `${file}:${lineOf(text, block.index)}`,
      code: block[1]!
    }))
  })

/** An example of a module that no entry point exports has no import. It uses the module that contains it. */
const withImports = (file: string, text: string, code: string): string => {
  const own = resolve(root, file)
  if (/^import /m.test(code)) {
    return code.replace(/from "(\.[^"]+)"/g, (_, path: string) => `from "${resolve(own, "..", path)}"`)
  }
  const names = [...text.matchAll(/^export (?:const|class|function) (\w+)/gm)].map((match) => match[1]!)
  return `import { ${names.join(", ")} } from "${own}"\n${code}`
}

const { exports: entries } = JSON.parse(readFileSync(resolve(root, "package.json"), "utf8"))

/** The source of an entry point: `/bench` is `src/health/stores/index.ts`. */
const sourceOf = (entry: string): string =>
  entries[`.${entry}`].default.replace("./dist/", "src/").replace(/\.js$/, ".ts")

/**
 * The module of an example in `directory`: the package's entry points are those of the sources, and an expression
 * with `// => value` behind it (or on the next line) becomes a check.
 */
export const toModule = ({ code }: Example, directory: string): string => {
  const source = (entry: string) =>
    JSON.stringify(relative(directory, resolve(root, sourceOf(entry))).replace(/^(?!\.)/, "./"))
  const lines = code
    .replace(
      /from "effect-failover(\/[a-z]+)?"/g,
      (_, entry: string | undefined) => `from ${source(entry ?? "")}`
    )
    .replaceAll(root, relative(directory, root))
    .split("\n")
  const checked: Array<string> = []
  for (const line of lines) {
    const [, expression = "", value] = /^(.*?)\s*\/\/ => (.+)$/.exec(line) ?? []
    if (value === undefined) checked.push(line)
    else if (expression === "") checked.push(check(checked.pop() ?? "", value))
    else checked.push(check(expression, value))
  }
  return `import { deepStrictEqual as $same } from "node:assert/strict"\nvoid $same\n${checked.join("\n")}\nexport {}\n`
}

const check = (expression: string, value: string): string =>
  /^(const|let|type|class|import|export|\s)/.test(expression) ? expression : `$same(${expression}, ${value})`
